/**
 * OVN-Kubernetes' own end-to-end cases of EgressQoS and NetworkQoS, as far as they need one node and no API server, on other
 * chains than theirs. Where a case changes an object or a label under a running pod, here a pod is added after the change.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConflist, runChain, type CniResult } from "../lab/chain.ts";
import { siteNamed, type OpenSite, type Site } from "../lab/chain-sites.ts";
import { suite } from "../lab/needs.ts";
import { ovsSite } from "../lab/ovs-site.ts";
import { paced } from "../lab/pace.ts";
import { sendAndSee, type Packet } from "../lab/packets.ts";
import type { Pod } from "../lab/pod.ts";
import { measure, type Load } from "../lab/traffic.ts";

const policyDir = "/etc/cni/pod-qos";

const chosen = paced(
  "upstream's cases on",
  [siteNamed("ipvlan-l2"), ovsSite, siteNamed("flannel")],
  3,
  ({ needs }) => needs.features !== undefined,
);
for (const site of chosen) {
  const needs = { ...site.needs, tools: [...(site.needs.tools ?? []), "tcpdump", "socat"] };
  suite(`upstream's cases on ${site.name}`, needs, () => onSite(site));
}

type Labels = Readonly<Record<string, string>>;

const ping = (destination: string): Packet => ({ destination, protocol: "ICMP" });
const tcp = (destination: string, port: number): Packet => ({ destination, protocol: "TCP", port });

const onSite = (site: Site): void => {
  let open: OpenSite;
  beforeAll(async () => {
    open = await site.open();
    await open.node.exec("mkdir", ["-p", policyDir]);
  });
  afterAll(() => open.node[Symbol.asyncDispose]());

  const put = (kind: "EgressQoS" | "NetworkQoS", spec: object): void => {
    const apiVersion = kind === "EgressQoS" ? "k8s.ovn.org/v1" : "k8s.ovn.org/v1alpha1";
    const manifest = { apiVersion, kind, metadata: { name: "default", namespace: "default" }, spec };
    writeFileSync(open.node.path(`${policyDir}/object.json`), JSON.stringify(manifest));
  };
  const clear = async (): Promise<void> => {
    await open.node.exec("rm", ["-f", `${policyDir}/object.json`]);
  };

  /** A pod of the chain for as long as `body` takes. */
  const withPod = async <Value>(
    labels: Labels,
    body: (pod: Pod, result: CniResult) => Promise<Value>,
  ): Promise<Value> => {
    const { node } = open;
    const pod = await node.addPod();
    const pairs = Object.entries(labels).map(([key, value]) => ({ key, value }));
    const list = readConflist(site.conflist);
    const plugins = list.plugins.map((plugin) =>
      plugin.type === "pod-qos" ? { ...plugin, policyDir, args: { cni: { labels: pairs } } } : plugin,
    );
    const chain = { ...list, plugins };
    const options = { cniArgs: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod.name}` };
    const { result } = await runChain(node, "add", chain, pod, options);
    if (result === undefined) throw new Error("a chain that succeeds has a result");
    try {
      return await body(pod, result);
    } finally {
      await runChain(node, "del", chain, pod, options);
      await pod.remove();
    }
  };

  /** On the node's end of the pod's link, or where the wire of the node ends. */
  const watch = ({
    interfaces = [],
  }: CniResult): { readonly ns: OpenSite["peer"]["ns"]; readonly device: string } => {
    const end = interfaces.find(({ name, sandbox }) => (sandbox ?? "") === "" && name.startsWith("veth"));
    return end === undefined ? { ns: open.peer.ns, device: "wire0" } : { ns: open.node, device: end.name };
  };

  const marks = (labels: Labels, ...packets: readonly Packet[]): Promise<readonly (number | undefined)[]> =>
    withPod(labels, async (pod, result) => {
      const seen = await sendAndSee(open.node, pod, watch(result), packets);
      return seen.map((tos) => (tos === undefined ? tos : tos >> 2));
    });

  const mbits = (labels: Labels, ...loads: readonly Partial<Load>[]): Promise<readonly number[]> =>
    withPod(labels, (pod) =>
      Promise.all(
        loads.map(async (load) => {
          const one = {
            from: pod,
            to: open.peer.ns,
            address: open.peer.v4,
            seconds: 4,
            congestion: "cubic",
            ...load,
          };
          return (await measure(one)).bitsPerSecond / 1e6;
        }),
      ),
    );

  const families = (): readonly (readonly [string, string, number])[] => [
    [open.peer.v4, "203.0.113.9", 32],
    ...(open.peer.v6 === undefined ? [] : [[open.peer.v6, "2001:db8:0:1::99", 128] as const]),
  ];

  describe("e2e EgressQoS validation", () => {
    it("Should validate correct DSCP value on EgressQoS resource changes", async () => {
      for (const [one, , bits] of families()) {
        const spec = (first: number, second: number): object => ({
          egress: [
            { dscp: first, dstCIDR: `${one}/${bits}` },
            { dscp: second, podSelector: { matchLabels: { app: "test" } } },
          ],
        });
        const both = [ping(one), ping("203.0.113.9")];
        put("EgressQoS", spec(49, 48));
        expect(await marks({ app: "test" }, ...both)).toEqual([49, 48]);
        put("EgressQoS", spec(40, 30));
        expect(await marks({ app: "test" }, ...both)).toEqual([40, 30]);
        await clear();
        expect(await marks({ app: "test" }, ...both)).toEqual([0, 0]);
      }
    });

    it("Should validate correct DSCP value on pod labels changes", async () => {
      for (const [one, , bits] of families()) {
        put("EgressQoS", {
          egress: [
            { dscp: 49, dstCIDR: `${one}/${bits}`, podSelector: { matchLabels: { app: "test" } } },
            { dscp: 48, dstCIDR: "203.0.113.9/32", podSelector: { matchLabels: { tier: "test" } } },
          ],
        });
        const both = [ping(one), ping("203.0.113.9")];
        expect(await marks({}, ...both)).toEqual([0, 0]);
        expect(await marks({ app: "test" }, ...both)).toEqual([49, 0]);
        expect(await marks({ tier: "test" }, ...both)).toEqual([0, 48]);
        expect(await marks({ app: "test", tier: "test" }, ...both)).toEqual([49, 48]);
        expect(await marks({ other: "test" }, ...both)).toEqual([0, 0]);
      }
      await clear();
    });
  });

  const networkQos = (...egress: readonly object[]): void =>
    put("NetworkQoS", { podSelector: { matchLabels: { app: "test" } }, priority: 50, egress });
  const toPeer = (ports?: readonly object[]): object => ({
    to: [{ ipBlock: { cidr: `${open.peer.v4}/32` } }],
    ...(ports === undefined ? {} : { ports }),
  });

  describe("e2e NetworkQoS validation", () => {
    it("Should have correct DSCP value for overlay traffic: any port of TCP, one port, none", async () => {
      const packets = [tcp(open.peer.v4, 80), tcp(open.peer.v4, 9090), ping(open.peer.v4)];
      expect(await marks({ app: "test" }, ...packets)).toEqual([0, 0, 0]);
      networkQos({ dscp: 51, classifier: toPeer([{ protocol: "TCP" }]) });
      expect(await marks({ app: "test" }, ...packets)).toEqual([51, 51, 0]);
      networkQos({ dscp: 52, classifier: toPeer([{ protocol: "TCP", port: 80 }]) });
      expect(await marks({ app: "test" }, ...packets)).toEqual([52, 0, 0]);
      expect(await marks({ app: "other" }, ...packets)).toEqual([0, 0, 0]);
    });

    it("Should have correct DSCP value for host network traffic; 002-12 the first rule that matches, where upstream lets the last", async () => {
      networkQos(
        { dscp: 34, classifier: toPeer([{ protocol: "TCP", port: 80 }]) },
        { dscp: 33, classifier: toPeer([{ protocol: "TCP", port: 9090 }]) },
        { dscp: 32, classifier: toPeer() },
      );
      const packets = [
        ping(open.peer.v4),
        tcp(open.peer.v4, 9090),
        tcp(open.peer.v4, 80),
        ping("203.0.113.9"),
      ];
      expect(await marks({ app: "test" }, ...packets)).toEqual([32, 33, 34, 0]);
    });

    it("Limits egress traffic to all target pods below the specified rate: two streams together", async () => {
      await clear();
      const before = await mbits({ app: "test" }, {}, {});
      networkQos({ dscp: 50, bandwidth: { rate: 10_000 }, classifier: toPeer() });
      const after = await mbits({ app: "test" }, {}, {});
      expect(before.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(15);
      expect(after.reduce((sum, each) => sum + each, 0)).toBeLessThan(15);
    });

    it("Limits egress traffic targeting an individual pod by protocol, and by protocol and port", async () => {
      networkQos({ dscp: 50, bandwidth: { rate: 5_000 }, classifier: toPeer([{ protocol: "UDP" }]) });
      const [udp = 0, other = 0] = await mbits(
        { app: "test" },
        { udp: true, bitrate: "30M" },
        { bitrate: "30M" },
      );
      expect(udp).toBeLessThan(7.5);
      expect(other).toBeGreaterThan(20);
      networkQos({
        dscp: 50,
        bandwidth: { rate: 5_000 },
        classifier: toPeer([{ protocol: "TCP", port: 80 }]),
      });
      const [web = 0, rest = 0] = await mbits({ app: "test" }, { port: 80 }, { bitrate: "30M" });
      expect(web).toBeLessThan(7.5);
      expect(rest).toBeGreaterThan(20);
      await clear();
    });
  });
};
