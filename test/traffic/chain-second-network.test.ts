/** A pod with two networks, as multus attaches it: the same container, eth0 and net1, a chain of its own for each. */
import { expect, test } from "vitest";
import { runChain } from "../lab/plugin/chain.ts";
import { conflistPath, siteNamed } from "../lab/plugin/chain-sites.ts";
import { dump } from "../lab/node/dump.ts";
import { suite } from "../lab/node/needs.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import { ipv4Of, speedsOf } from "../lab/traffic/speeds.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const { conflist: first, needs, open } = siteNamed("bridge");
const second = conflistPath("20-second-network.conflist");
const annotations = {
  "kubernetes.io/egress-bandwidth": "10M",
  "kubernetes.io/ingress-bandwidth": "20M",
  "net1.pod-qos/egress-bandwidth": "30M",
  "net1.pod-qos/ingress-bandwidth": "40M",
};
const onFirst = { capArgs: capArgsOf(annotations) };
const onSecond = { ...onFirst, ifname: "net1" };

suite("a pod with a second network", needs, () => {
  test("has limits of its own on net1, and DEL of one leaves the other", async () => {
    const { node, peer } = await open();
    await using _ = node;
    const warm = await node.addPod();
    for (const [list, options] of [
      [first, onFirst],
      [second, onSecond],
    ] as const) {
      await runChain(node, "add", list, warm, options);
      await runChain(node, "del", list, warm, options);
    }
    await warm.remove();

    const pod = await node.addPod();
    const before = await node.dump();
    const eth0 = await runChain(node, "add", first, pod, onFirst);
    const alone = [await node.dump(), await dump(pod)];
    const net1 = await runChain(node, "add", second, pod, onSecond);
    await runChain(node, "check", first, pod, onFirst);
    await runChain(node, "check", second, pod, onSecond);
    expect(recordNames(node).length).toBe(2);

    // The bridge of the second network is no gateway; this gives it an address, so that it answers.
    await node.exec("ip", ["address", "add", "198.51.100.254/24", "dev", "storage0"]);
    const storage = { ns: node, v4: "198.51.100.254", v6: undefined };
    await twice("both interfaces at once", async () => {
      const [one, two] = await Promise.all([
        speedsOf({ pod, address: ipv4Of(eth0.result), peer }),
        speedsOf({ pod, address: ipv4Of(net1.result), peer: storage }),
      ]);
      return [
        ...within("eth0 egress, 10M", one.egress / 10e6, 0.8, 1),
        ...within("eth0 ingress, 20M", one.ingress / 20e6, 0.8, 1),
        ...within("net1 egress, 30M", two.egress / 30e6, 0.8, 1),
        ...within("net1 ingress, 40M", two.ingress / 40e6, 0.8, 1),
      ];
    });
    await node.exec("ip", ["address", "del", "198.51.100.254/24", "dev", "storage0"]);

    await runChain(node, "del", second, pod, onSecond);
    expect([await node.dump(), await dump(pod)]).toEqual(alone);
    await runChain(node, "check", first, pod, onFirst);
    await runChain(node, "del", first, pod, onFirst);
    expect(await node.dump()).toBe(before);
  });

  test("keeps its limits on net1 when eth0 goes first", async () => {
    const { node } = await open();
    await using _ = node;
    const pod = await node.addPod();
    await runChain(node, "add", first, pod, onFirst);
    await runChain(node, "add", second, pod, onSecond);
    await runChain(node, "del", first, pod, onFirst);
    await runChain(node, "check", second, pod, onSecond);
    await runChain(node, "del", second, pod, onSecond);
    expect(recordNames(node)).toEqual([]);
  });
});
