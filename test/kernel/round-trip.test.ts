/**
 * What the drivers plan, the real kernel takes, and what it says back is what was planned: for every cell of the table
 * of caps, from 1k to 1P, at every MTU. No executable, no traffic.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Features } from "../../plugin/datapath/driver.ts";
import { plan } from "../../plugin/datapath/plan.ts";
import { CniError } from "../../plugin/errors.ts";
import { markAll, type Policy } from "../../plugin/policy/policy.ts";
import { drift, handlerOf, type Program } from "../../plugin/program/program.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import { fewestFeatures, kernelFeatures, make, readBack, unmake } from "../lab/node/programs.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const rates = [1e3, 9_999, 64e3, 1e6, 12_345_678, 1e9, 1e11, 1e15] as const;
const mtus = [576, 1500, 9000, 65_535] as const;
const settings = [
  ["auto", "shape"],
  ["auto", "police"],
  ["pod", "shape"],
  ["pod", "police"],
] as const;

const cap = (rate: number, source: string) => ({ rate, burst: undefined, source, burstSource: undefined });

/** undefined where the plan itself says that this cannot be. */
const planned = async (
  pod: Plug,
  policy: Policy,
  features: Features,
  mtu: number,
): Promise<readonly Program[] | undefined> => {
  const { stdout } = await node.exec("cat", [`/sys/class/net/${pod.nodeDevice}/ifindex`]);
  const isVeth = pod.nodeDevice.includes("eth0") && !pod.nodeDevice.includes("vlan");
  const hostEnd = isVeth ? { name: pod.nodeDevice, ifindex: Number(stdout), mtu } : undefined;
  const identity = { network: "lab", containerId: pod.pod.containerId, ifname: "eth0" };
  const facts = {
    podLink: { kind: isVeth ? "veth" : "macvlan", mode: "", mtu },
    hostEnd,
    hostEndRefusal: "",
    ipv6: true,
    features,
  };
  try {
    return plan({ identity, policy, facts });
  } catch (error) {
    expect(error).toBeInstanceOf(CniError);
    expect(error).toMatchObject({ code: 7 });
    return undefined;
  }
};

const roundTrip = async (pod: Plug, programs: readonly Program[]): Promise<void> => {
  const before = await exactState(node, pod.pod);
  await make(pod, programs);
  const seen = await readBack(pod, programs);
  expect(drift(seen)).toEqual([]);
  for (const { program, seen: observed } of seen) {
    const { conflicts, undo, make: missing } = handlerOf(program).delta(program.objects, observed, []);
    expect({ conflicts, undo, missing }).toEqual({ conflicts: [], undo: undefined, missing: undefined });
  }
  await unmake(pod, programs);
  expect(await exactState(node, pod.pod)).toBe(before);
};

const kernels: readonly (readonly [string, () => Features])[] = [
  ["what this kernel has", kernelFeatures],
  ["what a small kernel has", () => fewestFeatures],
];

/** On a small kernel the two are one. */
const isSmall = JSON.stringify(kernelFeatures()) === JSON.stringify(fewestFeatures);

const someRates = paced("rates", rates, 4);
/** Shapers in a pod are on ipvlan as on a veth. */
const someSettings = paced(
  "settings",
  settings,
  0,
  ([enforce, discipline]) => enforce === "auto" || discipline === "police",
);

describe.each(paced("programs of", kernels.slice(isSmall ? 1 : 0), 2))("with %s", (_, features) => {
  describe.each(paced("MTU", mtus, 4))("at MTU %d", (mtu) => {
    test.each(someSettings)("every rate: enforce %s, %s", async (enforce, discipline) => {
      const pod = await plug(node);
      const size = ["mtu", String(mtu)];
      await node.exec("ip", ["link", "set", pod.nodeDevice, ...size]);
      await pod.pod.exec("ip", ["link", "set", "eth0", ...size]);
      let made = 0;
      for (const rate of someRates) {
        const policy: Policy = {
          ingress: cap(rate, "ingressRate"),
          egress: cap(rate, "egressRate"),
          rules: rate === 1e6 ? [markAll("test", 46)] : [],
          warnings: [],
          enforce,
          discipline,
        };
        const programs = await planned(pod, policy, features(), mtu);
        if (programs === undefined) continue;
        await roundTrip(pod, programs);
        made += 1;
      }
      // Some of the lowest rates are below what HTB can hold at a large MTU; nothing else may be refused.
      expect(made).toBeGreaterThanOrEqual(someRates.length - 2);
      await pod.unplug();
      await pod.pod.remove();
    });
  });
});

const kinds: readonly Exclude<LinkKind, "veth">[] = ["macvlan", "ipvlan"];
for (const kind of paced("programs on", kinds, 0, (one) => one === "ipvlan")) {
  suite(`on another link than veth, ${kind}`, { features: [kind] }, () => {
    test.each(["shape", "police"] as const)(
      "the programs come back as they were planned: %s",
      async (discipline) => {
        const pod = await plug(node, { kind });
        const caps = { ingress: cap(20e6, "ingressRate"), egress: cap(10e6, "egressRate") };
        const rules = [markAll("test", 8)];
        const policy: Policy = { ...caps, rules, warnings: [], enforce: "auto", discipline };
        const programs = await planned(pod, policy, kernelFeatures(), 1500);
        expect(programs?.map(({ place }) => place)).not.toContain("node");
        await roundTrip(pod, programs ?? []);
        await pod.unplug();
      },
    );
  });
}
