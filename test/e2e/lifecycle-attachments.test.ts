/** Two attachments of one pod, as multus makes them: each has limits of its own, and each goes alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import type { Namespace } from "../lab/node/process.ts";
import { leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** The rate in Mbit/s of the class on a device, if there is one. */
const classRate = async (ns: Namespace, device: string): Promise<string | undefined> =>
  / rate (\S+) /.exec((await ns.exec("tc", ["class", "show", "dev", device])).stdout)?.[1];

const rules = async (pod: Plug): Promise<readonly string[]> =>
  (await pod.pod.exec("iptables-save", ["-t", "mangle"])).stdout.match(/^-A POD-QOS\S+ .*$/gm) ?? [];

const kinds: readonly {
  title: string;
  first: LinkKind;
  second: LinkKind;
  networks: readonly [string, string];
}[] = [
  { title: "two networks, both veth", first: "veth", second: "veth", networks: ["lab", "other"] },
  { title: "one network twice", first: "veth", second: "veth", networks: ["lab", "lab"] },
  { title: "veth and macvlan", first: "veth", second: "macvlan", networks: ["lab", "other"] },
  { title: "one macvlan network twice", first: "macvlan", second: "macvlan", networks: ["lab", "lab"] },
];

const chosen = paced("attachments", kinds, 4);

describe.each(chosen)("eth0 and net1 of one pod, $title", ({ first, second, networks }) => {
  const both = async (): Promise<readonly [Plug, Plug]> => {
    const eth0 = await plug(node, {
      kind: first,
      conf: { name: networks[0], defaults: { ingressBandwidth: "20M", egressBandwidth: "10M", dscp: "EF" } },
    });
    const net1 = await plug(node, {
      kind: second,
      pod: eth0.pod,
      ifname: "net1",
      conf: { name: networks[1], defaults: { ingressBandwidth: "40M", egressBandwidth: "30M", dscp: "CS1" } },
    });
    succeeded(await eth0.call("ADD"));
    succeeded(await net1.call("ADD"));
    return [eth0, net1];
  };

  test.each([0, 1] as const)(
    "each has its own limits, and DEL of number %d leaves the other",
    async (goes) => {
      await leavesNothing(node, async () => {
        const pods = await both();
        const [leaving, staying] = [pods[goes], pods[1 - goes] ?? pods[0]];
        for (const pod of pods) succeededSilently(await pod.call("CHECK"));
        expect(await rules(pods[0])).toHaveLength(2);
        expect(recordNames(node)).toHaveLength(2);
        succeededSilently(await leaving.call("DEL"));
        succeededSilently(await staying.call("CHECK"));
        expect(await rules(staying)).toEqual([expect.stringContaining(`-A POD-QOS-${staying.ifname} `)]);
        expect(recordNames(node)).toEqual([expect.stringContaining(`@${staying.ifname}.json`)]);
        failed(await leaving.call("CHECK"), 100, [leaving.ifname]);
        succeededSilently(await staying.call("DEL"));
        for (const pod of pods) await pod.unplug();
        await pods[0].pod.remove();
      });
    },
  );

  test("a repeated ADD of one changes only that one", async () => {
    await leavesNothing(node, async () => {
      const [eth0, net1] = await both();
      const defaults = { ingressBandwidth: "50M", egressBandwidth: "50M" };
      succeeded(await net1.call("ADD", { conf: { defaults } }));
      succeededSilently(await eth0.call("CHECK"));
      succeededSilently(await net1.call("CHECK", { conf: { defaults } }));
      succeededSilently(await net1.call("DEL"));
      succeededSilently(await eth0.call("DEL"));
      await net1.unplug();
      await eth0.unplug();
      await eth0.pod.remove();
    });
  });
});

describe("annotations that speak of one interface", () => {
  test("net1.pod-qos/* wins over pod-qos/* on net1, and means nothing to eth0", async () => {
    await leavesNothing(node, async () => {
      const annotations = {
        "pod-qos/ingress-bandwidth": "20M",
        "net1.pod-qos/ingress-bandwidth": "40M",
        "pod-qos/dscp": "EF",
        "net1.pod-qos/dscp": "CS1",
      };
      const conf = { runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } };
      const eth0 = await plug(node, { conf });
      const net1 = await plug(node, { pod: eth0.pod, ifname: "net1", conf: { ...conf, name: "other" } });
      for (const pod of [eth0, net1]) succeeded(await pod.call("ADD"));
      expect(await classRate(node, eth0.nodeDevice)).toBe("20Mbit");
      expect(await classRate(node, net1.nodeDevice)).toBe("40Mbit");
      expect((await rules(eth0)).toSorted()).toEqual([
        "-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e",
        "-A POD-QOS-net1 -j DSCP --set-dscp 0x08",
      ]);
      for (const pod of [net1, eth0]) {
        succeededSilently(await pod.call("DEL"));
        await pod.unplug();
      }
      await eth0.pod.remove();
    });
  });
});

test("of two entries of pod-qos in one conflist the later replaces the former, and CHECK of that one says so", async () => {
  const pod = await plug(node);
  const former = { defaults: { egressBandwidth: "10M" } };
  const later = { defaults: { dscp: "EF" } };
  succeeded(await pod.call("ADD", { conf: former }));
  succeeded(await pod.call("ADD", { conf: later }));
  succeededSilently(await pod.call("CHECK", { conf: later }));
  const checked = await pod.call("CHECK", { conf: former });
  expect(checked).toMatchObject({ exitCode: 0, stdout: "" });
  expect(checked.stderr).toContain("of two entries of pod-qos in one conflist the later replaces the former");
  succeededSilently(await pod.call("DEL"));
  await pod.unplug();
  await pod.pod.remove();
});

const alive = (containerID: string) => ({
  "cni.dev/valid-attachments": [{ containerID, ifname: "eth0" }],
});

describe("an interface that was added as another attachment since, by a runtime that lost count", () => {
  const conf = { ...ruledWishes, name: "lab" };
  test.each([
    ["DEL", { containerId: "former" }],
    ["DEL without its namespace", { containerId: "former", netns: "" }],
    ["GC", { conf: alive("later") }],
  ] as const)(
    "keeps all it has after %s of the former one, and goes with its own DEL",
    async (title, change) => {
      await leavesNothing(node, async () => {
        const pod = await plug(node, { conf });
        succeeded(await pod.call("ADD", { containerId: "former" }));
        succeeded(await pod.call("ADD", { containerId: "later" }));
        const verb = title === "GC" ? "GC" : "DEL";
        succeededSilently(await pod.call(verb, change));
        succeededSilently(await pod.call("CHECK", { containerId: "later" }));
        succeededSilently(await pod.call("DEL", { containerId: "later" }));
        expect(recordNames(node)).toEqual([]);
        await pod.unplug();
        await pod.pod.remove();
      });
    },
  );
});
