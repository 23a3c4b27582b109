/** ADD: again changes nothing, with other wishes changes what must be, and what fails leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, stateFiles } from "../lab/node/exact-state.ts";
import { changesDuring } from "../lab/node/monitor.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { ended, looks, plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const settings = [
  { name: "shape", conf: allWishes },
  { name: "police", conf: { ...allWishes, discipline: "police" } },
  { name: "shape in the pod", conf: { ...allWishes, enforce: "pod" } },
  { name: "police in the pod", conf: { ...allWishes, enforce: "pod", discipline: "police" } },
] as const;

test("ADD without a tool says that, not that the pod has no interface", async () => {
  const pod = await plug(node, { conf: allWishes });
  for (const tool of ["ip", "nsenter"]) {
    const path = (await node.exec("sh", ["-c", `readlink -f "$(command -v ${tool})"`])).stdout;
    await node.exec("mount", ["--bind", "/dev/null", path]);
    const { msg } = failed(await pod.call("ADD"), 102, [`${tool}: not found`]);
    expect(msg).not.toContain("there is no interface");
    await node.exec("umount", [path]);
  }
  await ended(pod);
});

describe("ADD again", () => {
  const some = paced("settings", settings, 2);
  test.each(some)("changes nothing and answers the same: $name", async ({ conf }) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf });
      const answer = succeeded(await pod.call("ADD"));
      const before = [await exactState(node, pod.pod), await node.dump()];
      const again = await pod.call("ADD");
      expect(succeeded(again)).toBe(answer);
      expect([await exactState(node, pod.pod), await node.dump()]).toEqual(before);
      await ended(pod);
    });
  });

  test("makes no change that the kernel would tell of", async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    const add = async (): Promise<void> => void succeeded(await pod.call("ADD"));
    expect(await changesDuring(node, add)).toEqual([]);
    expect(await changesDuring(pod.pod, add)).toEqual([]);
    await ended(pod);
  });

  test("finishes what a killed ADD left half done", async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    await node.exec("tc", ["qdisc", "del", "dev", pod.nodeDevice, "root"]);
    await pod.pod.exec("sh", ["-c", "iptables -w -t mangle -F POSTROUTING"]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  const changed = [
    { name: "another rate", conf: { defaults: { ...allWishes.defaults, egressBandwidth: "11M" } } },
    { name: "one cap less", conf: { defaults: { egressBandwidth: "10M", dscp: "EF" } } },
    { name: "the other cap less", conf: { defaults: { ingressBandwidth: "10M", dscp: "EF" } } },
    { name: "no mark", conf: { defaults: { ingressBandwidth: "20M", egressBandwidth: "10M" } } },
    { name: "another mark", conf: { defaults: { ...allWishes.defaults, dscp: "CS1" } } },
    { name: "another discipline", conf: { discipline: "police" } },
    { name: "another place", conf: { enforce: "pod" } },
    { name: "no wishes", conf: { defaults: {} } },
  ] as const;
  const chosen = paced("with", changed, 6);
  test.each(chosen)("with $name gives exactly what an ADD of a new pod gives", async ({ conf }) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: allWishes });
      const bare = await node.dump();
      succeeded(await pod.call("ADD", { conf }));
      const wanted = await looks(pod);
      succeededSilently(await pod.call("DEL", { conf }));
      expect(await node.dump()).toBe(bare);
      succeeded(await pod.call("ADD"));
      succeeded(await pod.call("ADD", { conf }));
      expect(await looks(pod)).toEqual(wanted);
      succeededSilently(await pod.call("CHECK", { conf }));
      await ended(pod);
    });
  });
});

describe("ADD after an ADD that was killed", () => {
  test("takes over an ifb that had not got its alias yet", async () => {
    const pod = await plug(node, { kind: "macvlan", conf: allWishes });
    succeeded(await pod.call("ADD"));
    await pod.pod.exec("sh", [
      "-c",
      'for d in /sys/class/net/pq*; do ip link set "${d##*/}" down alias ""; done',
    ]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });
});

describe("a pod without wishes", () => {
  test("gets no kernel object, and prevResult back", async () => {
    const pod = await plug(node);
    const before = [await exactState(node, pod.pod), stateFiles(node)];
    expect(JSON.parse(succeeded(await pod.call("ADD")))).toEqual(pod.prevResult);
    expect(await exactState(node, pod.pod)).toBe(before[0]);
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
    expect(stateFiles(node)).toEqual(before[1]);
  });
});

const unchanged = async (pod: Plug, body: () => Promise<void>): Promise<void> => {
  const before = [await exactState(node, pod.pod), await node.dump()];
  await body();
  expect([await exactState(node, pod.pod), await node.dump()]).toEqual(before);
};

describe("an ADD that fails leaves nothing", () => {
  test("a foreign qdisc at the root of the node's end: 101, which names it", async () => {
    const pod = await plug(node, { conf: allWishes });
    await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, "root", "handle", "77:", "pfifo"]);
    await unchanged(pod, async () => {
      failed(await pod.call("ADD"), 101, [pod.nodeDevice, "qdisc pfifo 77: root"]);
    });
    await ended(pod);
  });

  test("a foreign qdisc at the root of the pod's interface: 101, which names it", async () => {
    const pod = await plug(node, { conf: { ...allWishes, enforce: "pod" } });
    await pod.pod.exec("tc", ["qdisc", "add", "dev", "eth0", "root", "handle", "77:", "pfifo"]);
    await unchanged(pod, async () => {
      failed(await pod.call("ADD"), 101, ["eth0", "qdisc pfifo 77: root"]);
    });
    await ended(pod);
  });

  test("a bad annotation", async () => {
    const pod = await plug(node, { conf: allWishes });
    const annotations = { "io.kubernetes.cri.pod-annotations": { "pod-qos/dscp": "64" } };
    await unchanged(pod, async () => {
      failed(await pod.call("ADD", { conf: { runtimeConfig: annotations } }), 7, ["pod-qos/dscp", "64"]);
    });
    await ended(pod);
  });

  test("no such interface in the pod", async () => {
    const pod = await plug(node, { conf: allWishes });
    await unchanged(pod, async () => {
      failed(await pod.call("ADD", { ifname: "eth7" }), 100, ["eth7", pod.pod.netns]);
    });
    await ended(pod);
  });

  test('"enforce": "host" with nothing on the node to enforce at: 102', async () => {
    const pod = await plug(node, { kind: "macvlan", conf: { ...allWishes, enforce: "host" } });
    await unchanged(pod, async () => {
      failed(await pod.call("ADD"), 102, ["macvlan", "eth0"]);
    });
    await ended(pod);
  });

  test("a link of somebody else's that has the ifb's name: 101", async () => {
    const pod = await plug(node, { kind: "macvlan", conf: allWishes });
    succeeded(await pod.call("ADD"));
    const links = (await pod.pod.exec("ls", ["/sys/class/net"])).stdout.split(/\s+/);
    const ifb = links.find((name) => name.startsWith("pq")) ?? "";
    succeededSilently(await pod.call("DEL"));
    await pod.pod.exec("ip", ["link", "add", ifb, "type", "ifb"]);
    await pod.pod.exec("ip", ["link", "set", ifb, "alias", "mine"]);
    await unchanged(pod, async () => {
      failed(await pod.call("ADD"), 101, [ifb]);
    });
    await ended(pod);
  });
});
