/** What 004 asks of traffic on Spiderpool's ipvlan, from the pod's namespace. On the stock kernel of the VM. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConflist, runChain, type Conflist } from "../lab/plugin/chain.ts";
import { siteNamed, type OpenSite } from "../lab/plugin/chain-sites.ts";
import { joinNodes } from "../lab/node/join-nodes.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode } from "../lab/node/node.ts";
import type { Pod } from "../lab/node/pod.ts";
import { ipv4Of, speedsOf } from "../lab/traffic/speeds.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const { conflist, needs, open } = siteNamed("ipvlan-l2");
const both = (rate: string) => ({
  capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": rate, "kubernetes.io/ingress-bandwidth": rate }),
});

suite("traffic of pods on ipvlan l2", needs, () => {
  let site: OpenSite;
  const plugIn = async (pod: Pod, options: Parameters<typeof runChain>[4]): Promise<string> =>
    ipv4Of((await runChain(site.node, "add", conflist, pod, options)).result);
  beforeAll(async () => {
    site = await open();
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  test("004-2 ingress, 004-3 egress, 004-5 both together: 004-4 100M gives about 100 Mbit/s, as 004-12 the pod sees", async () => {
    const pod = await site.node.addPod();
    const address = await plugIn(pod, both("100M"));
    await twice("100M both ways", async () => {
      const speeds = await speedsOf({ pod, address, peer: site.peer, seconds: 4 });
      return [
        ...within("egress", speeds.egress / 100e6, 0.84, 1.05),
        ...within("ingress", speeds.ingress / 100e6, 0.84, 1.05),
        ...within("egress in the first second", speeds.firstEgress / 100e6, 0, 1.15),
        ...within("ingress in the first second", speeds.firstIngress / 100e6, 0, 1.15),
      ];
    });
    expect((await pod.exec("tc", ["class", "show", "dev", "eth0"])).stdout).toContain("rate 100Mbit");
    await runChain(site.node, "del", conflist, pod, both("100M"));
  });

  test("004-8 as multus's default network: with the capability and without annotations", async () => {
    const bandwidth = {
      ingressRate: 20e6,
      ingressBurst: 2 ** 32 - 1,
      egressRate: 10e6,
      egressBurst: 2 ** 32 - 1,
    };
    const options = {
      capArgs: { bandwidth },
      cniArgs: "IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_NAMESPACE=prod",
    };
    const pod = await site.node.addPod();
    const address = await plugIn(pod, options);
    await twice("multus", async () => {
      const speeds = await speedsOf({ pod, address, peer: site.peer });
      return [
        ...within("egress", speeds.egress / 10e6, 0.8, 1),
        ...within("ingress", speeds.ingress / 20e6, 0.8, 1),
      ];
    });
    await runChain(site.node, "del", conflist, pod, options);
  });

  test("004-9 no annotation, no limit; 004-10 each replica has a limit of its own", async () => {
    const pods = await Promise.all(["one", "two", "free"].map((name) => site.node.addPod(name)));
    const [one, two, free] = pods as [Pod, Pod, Pod];
    const addresses = [
      await plugIn(one, both("10M")),
      await plugIn(two, both("10M")),
      await plugIn(free, {}),
    ];
    const load = { to: site.peer.ns, address: site.peer.v4, seconds: 3, congestion: "cubic" };
    await twice("two replicas and a free pod, at once", async () => {
      const [first, second, third] = await Promise.all([
        measure({ ...load, from: one }),
        measure({ ...load, from: two }),
        measure({ ...load, from: free, bitrate: "60M" }),
      ]);
      return [
        ...within("the first", first.bitsPerSecond / 10e6, 0.85, 1),
        ...within("the second", second.bitsPerSecond / 10e6, 0.85, 1),
        ...within("the free one, of 60M", third.bitsPerSecond / 60e6, 0.9, 1.1),
      ];
    });
    expect(new Set(addresses).size).toBe(3);
    await runChain(site.node, "del", conflist, one, both("10M"));
    await runChain(site.node, "del", conflist, two, both("10M"));
    await runChain(site.node, "del", conflist, free, {});
  });

  test("004-11 pod to pod across nodes", async () => {
    await using near = await createNode();
    await using distant = await createNode();
    await joinNodes(near, distant);
    const from = await near.addPod();
    const to = await distant.addPod();
    await runChain(near, "add", conflist, from, both("20M"));
    const { result } = await runChain(distant, "add", withRange("100"), to, {});
    const address = ipv4Of(result);
    await twice("across nodes", async () => {
      const { bitsPerSecond } = await measure({ from, to, address, seconds: 3, congestion: "cubic" });
      return within("egress", bitsPerSecond / 20e6, 0.88, 1);
    });
  });
});

/** Two nodes that share a subnet hand out addresses of their own. */
const withRange = (rangeStart: string): Conflist => {
  const text = JSON.stringify(readConflist(conflist));
  const v4 = '"subnet":"192.0.2.0/24"';
  const v6 = '"subnet":"2001:db8:0:1::/64"';
  return JSON.parse(
    text
      .replace(v4, `${v4},"rangeStart":"192.0.2.${rangeStart}"`)
      .replace(v6, `${v6},"rangeStart":"2001:db8:0:1::${rangeStart}"`),
  ) as Conflist;
};
