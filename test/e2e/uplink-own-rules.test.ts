/** A pod that the node's rules do not see stays in the class that it was given, whatever its own rules say. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { exactState } from "../lab/node/exact-state.ts";
import { suite } from "../lab/node/needs.ts";
import { onAnyKernel, paced } from "../lab/traffic/pace.ts";
import type { Pod } from "../lab/node/pod.ts";
import {
  attach,
  bulkLabel,
  childPod,
  openUplinkSite,
  uplink200,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";
import { classOfPings } from "../lab/uplink/uplink-counts.ts";

const uplink = {
  ...uplink200,
  classes: { ...uplink200.classes, "bulk-seed": { ...uplink200.classes["bulk-seed"], dscp: "CS1" } },
};
const CS1 = 8;
const there = ["192.0.2.1", "2001:db8:fffe::1"] as const;

let site: UplinkSite;
beforeEach(async () => {
  site = await openUplinkSite();
  await site.server.exec("sh", ["-ec", SERVER]);
});
afterEach(() => site.node[Symbol.asyncDispose]());

/** Every packet, 2 Mbit/s. */
const limited = (rule: object = {}): string =>
  JSON.stringify([{ ...rule, bandwidth: { rate: 2000, burst: 100 } }]);

const addresses = { address: "192.0.2.11", address6: "2001:db8:fffe::11" } as const;

const child = (
  kind: string,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): Promise<Pod> =>
  childPod(site, {
    kind,
    name: "lanpod",
    ...addresses,
    uplink,
    labels,
    annotations,
  });

const kinds = [
  ["macvlan", "macvlan mode bridge"],
  ["ipvlan", "ipvlan mode l2"],
] as const;
for (const [feature, kind] of paced("a bulk pod on", kinds, 0, ([own]) => own === "ipvlan")) {
  suite(feature, { plugin: true, features: [feature], tools: ["ipset", "ping"] }, () => {
    test("a bulk pod with a limit of its own stays bulk, has its class's DSCP, and its limit", async () => {
      const pod = await child(kind, bulkLabel, { "pod-qos/egress": limited() });
      for (const address of there) {
        expect(await classOfPings(site.node, pod, address)).toBe("1:20");
      }
      expect(await marked(CS1)).toBeGreaterThanOrEqual(40);
      expect((await limitOf(pod)).packets).toBeGreaterThanOrEqual(40);
      await pod.exec("node", ["-e", FLOOD, there[0]]);
      const { bytes, dropped } = await limitOf(pod);
      // An emulated processor takes so long to send them that more pass.
      expect(bytes).toBeLessThan(400 * 1400 * 0.9);
      expect(dropped).toBeGreaterThan(50);
    });

    onAnyKernel("inside a cap as well", async () => {
      const annotations = { "pod-qos/egress": limited(), "pod-qos/egress-bandwidth": "20M" };
      const pod = await child(kind, bulkLabel, annotations);
      expect(await classOfPings(site.node, pod, there[0])).toBe("1:20");
      expect((await limitOf(pod)).packets).toBeGreaterThanOrEqual(20);
    });

    onAnyKernel("a rule's own DSCP is on the wire, and the class stays", async () => {
      const pod = await child(kind, bulkLabel, { "pod-qos/egress": limited({ dscp: "AF11" }) });
      expect(await classOfPings(site.node, pod, there[0])).toBe("1:20");
      expect(await marked(10)).toBeGreaterThanOrEqual(20);
    });

    const disguises: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ["a limited rule", { "pod-qos/egress": limited({ dscp: "CS1" }) }],
      ["a rule", { "pod-qos/egress": JSON.stringify([{ dscp: "CS1" }]) }],
      ["an annotation", { "pod-qos/dscp": "CS1" }],
    ];
    test.each(paced("into bulk by its DSCP in", disguises, 3))(
      "no pod gets into bulk by its DSCP in %s",
      async (_, annotations) => {
        const pod = await child(kind, {}, annotations);
        for (const address of there) expect(await classOfPings(site.node, pod, address)).toBe("1:10");
      },
    );

    onAnyKernel(
      "once its conf has no uplink any more, it keeps its limit, CHECK passes, and another ADD changes nothing",
      async () => {
        const annotations = { "pod-qos/egress": limited() };
        const pod = await child(kind, bulkLabel, annotations);
        await classOfPings(site.node, pod, there[0]);
        const withUplink = await limitOf(pod);
        const without = { ...addresses, uplink: null, labels: bulkLabel, annotations };
        await attach(site.node, pod, without);
        const state = await exactState(site.node, pod);
        await attach(site.node, pod, without);
        expect(await exactState(site.node, pod)).toBe(state);
        // A tree that was exchanged counts from 0.
        expect((await limitOf(pod)).packets).toBeGreaterThanOrEqual(withUplink.packets);
        await pod.exec("ping", ["-n", "-c", "5", "-i", "0.05", "-w", "5", there[0]]);
        expect((await limitOf(pod)).packets).toBeGreaterThanOrEqual(withUplink.packets + 5);
      },
    );

    onAnyKernel("a rule that leaves its traffic alone leaves it in its class", async () => {
      const pod = await child(kind, bulkLabel, { "pod-qos/egress": "[{}]" });
      expect(await classOfPings(site.node, pod, there[0])).toBe("1:20");
      expect(await marked(CS1)).toBeGreaterThanOrEqual(20);
    });
  });
}

/** Packets of a DSCP that have come to the server, of both families. */
const marked = async (dscp: number): Promise<number> => {
  const tables = ["iptables", "ip6tables"].map((tool) =>
    site.server.exec(tool, ["-w", "-t", "mangle", "-nvxL", "PREROUTING"]),
  );
  const word = `DSCP match 0x${dscp.toString(16).padStart(2, "0")}`;
  const lines = (await Promise.all(tables)).flatMap(({ stdout }) => stdout.split("\n"));
  return lines
    .filter((line) => line.includes(word))
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/, 1)[0]), 0);
};

const limitOf = async (pod: Pod): Promise<Record<"bytes" | "packets" | "dropped", number>> => {
  const { stdout } = await pod.exec("tc", ["-s", "qdisc", "show", "dev", "eth0"]);
  const [, bytes, packets, dropped] =
    / 910: .*\n Sent (\d+) bytes (\d+) pkt \(dropped (\d+)/.exec(stdout) ?? [];
  return { bytes: Number(bytes), packets: Number(packets), dropped: Number(dropped) };
};

const SERVER = `
ip address add 192.0.2.1/24 dev wan0
ip address add 2001:db8:fffe::1/64 dev wan0 nodad
for tool in iptables ip6tables; do
  for dscp in 8 10; do $tool -w -t mangle -A PREROUTING -m dscp --dscp $dscp; done
done
`;

/** 400 datagrams of 1400 bytes as fast as they go: more than the limit passes in that time. */
const FLOOD = `
const socket = require("node:dgram").createSocket("udp4");
let left = 400;
const send = () => (left-- > 0 ? socket.send(Buffer.alloc(1400), 9, process.argv[1], send) : socket.close());
send();
`;
