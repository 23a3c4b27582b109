/** DEL: however little is there or known, it succeeds, says nothing and leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ifbOf } from "../../plugin/datapath/shaper.ts";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type Changes, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const added = async (): Promise<Plug> => {
  const pod = await plug(node, { conf: allWishes });
  succeeded(await pod.call("ADD"));
  return pod;
};

const gone = async (pod: Plug): Promise<void> => {
  await pod.unplug();
  await pod.pod.remove();
};

describe("DEL of a pod with both caps and a mark leaves nothing", () => {
  test("when called twice", () =>
    leavesNothing(node, async () => {
      const pod = await added();
      succeededSilently(await pod.call("DEL"));
      succeededSilently(await pod.call("DEL"));
      await gone(pod);
    }));

  test("in the pod's own namespace either, which may live on", async () => {
    const pod = await plug(node, { conf: allWishes });
    const inside = ["qdisc", "show", "dev", "eth0"];
    const before = (await pod.pod.exec("tc", inside)).stdout;
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("DEL"));
    expect((await pod.pod.exec("tc", inside)).stdout).toBe(before);
    expect((await pod.pod.exec("iptables-save", ["-t", "mangle"])).stdout).not.toContain("POD-QOS");
    expect((await pod.pod.exec("ip6tables-save", ["-t", "mangle"])).stdout).not.toContain("POD-QOS");
    await gone(pod);
  });

  const cases: readonly { readonly title: string; readonly changes: Changes }[] = [
    { title: "without prevResult, as before 0.4.0", changes: { conf: { prevResult: undefined } } },
    { title: "with an empty CNI_NETNS", changes: { netns: "" } },
    { title: "with a CNI_NETNS that is not there", changes: { netns: "/run/netns/none" } },
    {
      title: "with a CNI_NETNS that was unmounted, an empty file",
      changes: { netns: "/run/netns/unmounted" },
    },
    { title: "with prevResult null", changes: { conf: { prevResult: null } } },
    { title: "with a prevResult of another shape", changes: { conf: { prevResult: [1] } } },
    { title: "with the wishes gone from the conf", changes: { conf: { defaults: undefined } } },
    { title: "in another version of CNI", changes: { conf: { cniVersion: "0.3.0", prevResult: undefined } } },
  ];
  test("by the network's new name, with and without the namespace: its runtime knows no other any more", () =>
    leavesNothing(node, async () => {
      for (const netns of [undefined, ""]) {
        const pod = await added();
        succeededSilently(
          await pod.call("DEL", { conf: { name: "renamed" }, ...(netns === "" ? { netns } : {}) }),
        );
        await gone(pod);
      }
    }));

  test("and takes nothing from the pod's other interface, in another network, or from another pod", async () => {
    const pod = await added();
    const second = await plug(node, { pod: pod.pod, ifname: "net1", conf: { ...allWishes, name: "other" } });
    const neighbour = await plug(node, { conf: { ...allWishes, name: "other" } });
    for (const one of [second, neighbour]) succeeded(await one.call("ADD"));
    succeededSilently(await pod.call("DEL"));
    for (const one of [second, neighbour]) succeededSilently(await one.call("CHECK"));
    for (const one of [second, neighbour]) succeededSilently(await one.call("DEL"));
    await gone(neighbour);
    await gone(pod);
  });

  test.each(paced("DEL", cases, 4))("$title", async ({ changes }) => {
    await leavesNothing(node, async () => {
      const pod = await added();
      await node.exec("touch", ["/run/netns/unmounted"]);
      succeededSilently(await pod.call("DEL", changes));
      await node.exec("rm", ["/run/netns/unmounted"]);
      await gone(pod);
    });
  });

  test("after namespace and veth are gone", () =>
    leavesNothing(node, async () => {
      const pod = await added();
      await gone(pod);
      succeededSilently(await pod.call("DEL", { netns: "" }));
    }));
});

describe("DEL with a conf that has been mistyped since", () => {
  const keys: Readonly<Record<string, unknown>> = {
    ingressRate: "lots",
    ingressBurst: -1,
    egressRate: { a: 1 },
    egressBurst: 1.5,
    defaults: { egressBandwidth: "10 Mbit" },
    enforce: "everywhere",
    discipline: "shaped",
    stateDir: 5,
    logFile: "relative.log",
    logLevel: "loud",
    egres: 5,
    uplink: { device: "eth0" },
    runtimeConfig: { bandwidth: "10M", "io.kubernetes.cri.pod-annotations": { "pod-qos/dscp": 5 } },
    capabilities: 5,
  };
  test.each(paced("mistyped", Object.entries(keys), 14))("%s is no obstacle", async (key, value) => {
    await leavesNothing(node, async () => {
      const pod = await added();
      succeededSilently(await pod.call("DEL", { conf: { [key]: value } }));
      await gone(pod);
    });
  });
});

describe("DEL of what is not there, or only half", () => {
  test("before any ADD, with an empty CNI_NETNS, as nerdctl calls it", () =>
    leavesNothing(node, async () => {
      const pod = await plug(node, { conf: allWishes });
      succeededSilently(await pod.call("DEL", { netns: "", conf: { prevResult: undefined } }));
      await gone(pod);
    }));

  test("of a pod without wishes", () =>
    leavesNothing(node, async () => {
      const pod = await plug(node);
      succeeded(await pod.call("ADD"));
      succeededSilently(await pod.call("DEL"));
      await gone(pod);
    }));

  test("after an ADD that got no further than its record", () =>
    leavesNothing(node, async () => {
      const pod = await added();
      await node.exec("sh", ["-c", "for d in $(ls /sys/class/net | grep ^pq); do ip link del $d; done"]);
      await gone(pod);
      const again = await plug(node, { pod: await node.addPod(pod.pod.name) });
      succeededSilently(await again.call("DEL"));
      await gone(again);
    }));

  test("when of the ADD nothing but its ifb is left, and no record", () =>
    leavesNothing(node, async () => {
      const pod = await plug(node);
      const { containerId } = pod.pod;
      const { name, alias } = ifbOf({ network: "lab", containerId, ifname: pod.ifname }, 1500);
      await node.exec("ip", ["link", "add", name, "type", "ifb"]);
      await node.exec("ip", ["link", "set", name, "alias", alias]);
      succeededSilently(await pod.call("DEL"));
      expect((await node.exec("ip", ["-br", "link"])).stdout).not.toContain(name);
      await gone(pod);
    }));

  const odd = {
    "that is torn": '{"ver',
    "whose programs are null": '{"version":1,"identity":{},"programs":[null]}',
    "of the right shape that names nothing":
      '{"version":1,"identity":{},"programs":[{"tool":"tc","place":"node"}]}',
  };
  test.each(Object.entries(odd))("with a record %s", (_, text) =>
    leavesNothing(node, async () => {
      const pod = await added();
      const write = 'cd /run/pod-qos/attachments/lab && for f in *; do echo "$1" >$f; done';
      await node.exec("sh", ["-ec", write, "sh", text]);
      succeededSilently(await pod.call("DEL"));
      await gone(pod);
    }),
  );
});
