/** "limits traffic only on the restricted bandwidth veth device", as the bandwidth plugin's own tests say, with both pods at once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChain } from "../lab/plugin/chain.ts";
import { siteNamed, type OpenSite } from "../lab/plugin/chain-sites.ts";
import { suite } from "../lab/node/needs.ts";
import { paced } from "../lab/traffic/pace.ts";
import type { Pod } from "../lab/node/pod.ts";
import { addressesOf } from "../lab/traffic/speeds.ts";
import { measure, type Load } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

/** What the free pod tries, so that it leaves room to the capped one. */
const OFFERED = 200e6;

const capped = {
  capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": "20M", "kubernetes.io/ingress-bandwidth": "20M" }),
};

for (const site of paced("a capped pod and its neighbour on", [siteNamed("ptp"), siteNamed("bridge")], 2)) {
  suite(`traffic: a capped and an uncapped pod at once on a veth chain, ${site.name}`, site.needs, () => {
    let open: OpenSite;
    let slow: Party;
    let free: Party;
    beforeAll(async () => {
      open = await site.open();
      slow = await plugIn(capped);
      free = await plugIn({});
    });
    afterAll(() => open.node[Symbol.asyncDispose]());

    const plugIn = async (options: Parameters<typeof runChain>[4]): Promise<Party> => {
      const pod = await open.node.addPod();
      const { result } = await runChain(open.node, "add", site.conflist, pod, options);
      const { v4 = "", v6 = "" } = Object.fromEntries(addressesOf(result));
      return { pod, v4, v6 };
    };

    /** From the pod to its node, or the other way, as a client that connects from there. */
    const load = (party: Party, direction: Direction, family: "v4" | "v6"): Load => {
      const { ns } = open.peer;
      const there = { from: party.pod, to: ns, address: open.peer[family] ?? "" };
      const back = { from: ns, to: party.pod, address: party[family] };
      return { ...(direction === "egress" ? there : back), seconds: 3, congestion: "cubic" };
    };

    test.each([
      ["egress", "v4"],
      ["egress", "v6"],
      ["ingress", "v4"],
      ["ingress", "v6"],
    ] as const)("%s, %s: the capped pod is held, its neighbour is not", async (direction, family) => {
      await twice("both at once", async () => {
        const [held, other] = await Promise.all([
          measure(load(slow, direction, family)),
          measure({ ...load(free, direction, family), bitrate: `${OFFERED}` }),
        ]);
        return [
          ...within("the capped pod", held.bitsPerSecond / 20e6, 0.85, 1.05),
          ...within("its neighbour", other.bitsPerSecond / OFFERED, 0.9, 1.05),
        ];
      });
    });

    test("between the two it is the capped one's caps that hold, both ways", async () => {
      const common = { seconds: 3, congestion: "cubic" };
      await twice("one to the other", async () => {
        const out = await measure({ from: slow.pod, to: free.pod, address: free.v4, ...common });
        const back = await measure({ from: free.pod, to: slow.pod, address: slow.v4, ...common });
        return [
          ...within("from the capped pod", out.bitsPerSecond / 20e6, 0.85, 1.05),
          ...within("to the capped pod", back.bitsPerSecond / 20e6, 0.85, 1.05),
        ];
      });
      // Nothing of ours is at the pod that asked for nothing.
      expect((await free.pod.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    });
  });
}

type Direction = "egress" | "ingress";

interface Party {
  readonly pod: Pod;
  readonly v4: string;
  readonly v6: string;
}
