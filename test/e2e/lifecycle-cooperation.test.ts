/** Others filter on the same devices: what is theirs stays theirs, whatever we do and however it ends. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { hasFeature } from "../lab/node/needs.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** As an eBPF agent does it, with the one classifier that every kernel here has. */
const agentFilters = (device: string): readonly string[] => [
  `qdisc add dev ${device} clsact`,
  `filter add dev ${device} ingress protocol ip pref 5 u32 match ip dst 192.0.2.1 classid 1:77`,
  `filter add dev ${device} egress protocol ip pref 40000 u32 match ip src 192.0.2.1 classid 1:78`,
];

const tc = (pod: Plug, where: "node" | "pod", lines: readonly string[]): Promise<unknown> =>
  (where === "node" ? node : pod.pod).exec("tc", ["-batch", "-"], { input: `${lines.join("\n")}\n` });

/** The node has an /etc of its own; Debian's iptables is found through it. */
const BREAK_IP6TABLES = `
printf '%s\\n' '#!/bin/sh' 'cat >/dev/null' 'echo "ip6tables-restore: no luck" >&2' 'exit 4' >/run/broken
chmod +x /run/broken
readlink /etc/alternatives/ip6tables-restore >/run/whole
ln -sf /run/broken /etc/alternatives/ip6tables-restore`;
const MEND_IP6TABLES = 'ln -sf "$(cat /run/whole)" /etc/alternatives/ip6tables-restore';

const places = [
  { title: "at the node's end, shaping", where: "node", conf: allWishes },
  { title: "at the node's end, policing", where: "node", conf: { ...allWishes, discipline: "police" } },
  { title: "in the pod, shaping", where: "pod", conf: { ...allWishes, enforce: "pod" } },
  {
    title: "in the pod, policing",
    where: "pod",
    conf: { ...allWishes, enforce: "pod", discipline: "police" },
  },
] as const;

const chosen = paced("filters", places, 3);

describe.each(chosen)("an agent's clsact and filters $title", ({ where, conf }) => {
  const prepared = async (): Promise<Plug> => {
    const pod = await plug(node, { conf });
    await tc(pod, where, agentFilters(where === "node" ? pod.nodeDevice : "eth0"));
    return pod;
  };

  test("stay through ADD, ADD again, CHECK and DEL", async () => {
    const pod = await prepared();
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD"));
    const added = await exactState(node, pod.pod);
    expect(added).toContain("flowid 1:77");
    succeeded(await pod.call("ADD"));
    expect(await exactState(node, pod.pod)).toBe(added);
    succeededSilently(await pod.call("CHECK"));
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });

  test("stay when ADD fails over a foreign root qdisc", async () => {
    const pod = await prepared();
    const foreign = ["root", "handle", "77:", "pfifo"];
    await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, ...foreign]);
    await pod.pod.exec("tc", ["qdisc", "add", "dev", "eth0", ...foreign]);
    const before = await exactState(node, pod.pod);
    const answer = await pod.call("ADD");
    // A kernel with act_police needs no root qdisc to police.
    if ("discipline" in conf && hasFeature("act_police")) {
      succeeded(answer);
      succeededSilently(await pod.call("DEL"));
    } else failed(answer, 101, ["qdisc pfifo 77: root", "not ours"]);
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });

  test("stay when ADD fails for want of ip6tables", async () => {
    const pod = await prepared();
    const before = await exactState(node, pod.pod);
    await node.exec("sh", ["-ec", BREAK_IP6TABLES]);
    failed(await pod.call("ADD"), 100, ["no luck"]);
    await node.exec("sh", ["-ec", MEND_IP6TABLES]);
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });
});

test("a clsact whose filters are those of a block shared with other devices: 101, and nothing is left", async () => {
  const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
  await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, "ingress_block", "5", "clsact"]);
  const before = await exactState(node, pod.pod);
  failed(await pod.call("ADD"), 101, [pod.nodeDevice, "block", "not ours"]);
  expect(await exactState(node, pod.pod)).toBe(before);
  await pod.unplug();
});

describe("the CNI bandwidth plugin in the same chain", () => {
  test("its TBF on the node's end: 101, which tells to take it out of the conflist", async () => {
    const pod = await plug(node, { conf: allWishes });
    const tbf = ["root", "handle", "1:", "tbf", "rate", "10mbit", "burst", "512k", "latency", "25ms"];
    await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, ...tbf]);
    const before = await exactState(node, pod.pod);
    const error = failed(await pod.call("ADD"), 101, [
      pod.nodeDevice,
      "tbf 1: root",
      "bandwidth",
      "conflist",
    ]);
    expect(error.msg).toMatch(/take .* out of the conflist/);
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });

  test("its ingress qdisc on the node's end holds our ingress filter as well", async () => {
    const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
    await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, "ingress"]);
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });
});

/** The kernel names the parent of such filters as the last who touched one did. */
const anyParent = (state: string): string => state.replaceAll(/^filter (parent ffff:|ingress) /gm, "filter ");

test("somebody's filters on an ingress qdisc do not make CHECK fail", async () => {
  const pod = await plug(node, { conf: allWishes });
  const match = "protocol ip prio 5 u32 match ip dst 192.0.2.1 classid 1:77";
  await tc(pod, "node", [
    `qdisc add dev ${pod.nodeDevice} ingress`,
    `filter add dev ${pod.nodeDevice} parent ffff: ${match}`,
  ]);
  const before = anyParent(await exactState(node, pod.pod));
  succeeded(await pod.call("ADD"));
  succeededSilently(await pod.call("CHECK"));
  succeededSilently(await pod.call("DEL"));
  expect(anyParent(await exactState(node, pod.pod))).toBe(before);
  await pod.unplug();
});

test("a filter that takes every packet before ours can: 101 of ADD, and CHECK tells of it", async () => {
  const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
  const taking = "protocol all pref 5 u32 match u32 0 0 classid 1:77";
  succeeded(await pod.call("ADD"));
  await tc(pod, "node", [`filter add dev ${pod.nodeDevice} ingress ${taking}`]);
  failed(await pod.call("CHECK"), 100, [pod.nodeDevice, "no packet gets to it", "pref 5"]);
  succeededSilently(await pod.call("DEL"));
  const before = await exactState(node, pod.pod);
  failed(await pod.call("ADD"), 101, [pod.nodeDevice, "takes every packet", "pref 5"]);
  expect(await exactState(node, pod.pod)).toBe(before);
  await pod.unplug();
});

describe("an agent that came after us and filters in the clsact that we made", () => {
  test("keeps its filters when the pod's wishes change or go, and after DEL", async () => {
    const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
    succeeded(await pod.call("ADD"));
    const match = [
      "protocol",
      "ip",
      "pref",
      "5",
      "u32",
      "match",
      "ip",
      "dst",
      "192.0.2.1",
      "classid",
      "1:77",
    ];
    await node.exec("tc", ["filter", "add", "dev", pod.nodeDevice, "ingress", ...match]);
    for (const defaults of [{ egressBandwidth: "11M" }, { ingressBandwidth: "5M" }, {}]) {
      succeeded(await pod.call("ADD", { conf: { defaults } }));
      succeededSilently(await pod.call("CHECK", { conf: { defaults } }));
      expect(await exactState(node, pod.pod)).toContain("flowid 1:77");
    }
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toContain("flowid 1:77");
    await pod.unplug();
  });

  test.each([
    ["a protocol", "protocol ip", "u32 match ip dst 192.0.2.1"],
    ["a classifier", "protocol all", "bpf bytecode '1,6 0 0 65535'"],
  ])("keeps one of %s that it has put in the place of ours", async (_, protocol, match) => {
    const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
    succeeded(await pod.call("ADD"));
    const { stdout } = await node.exec("tc", ["filter", "show", "dev", pod.nodeDevice, "ingress"]);
    const pref = /pref (\d+)/.exec(stdout)?.[1] ?? "";
    await tc(pod, "node", [
      `filter del dev ${pod.nodeDevice} ingress pref ${pref}`,
      `filter add dev ${pod.nodeDevice} ingress ${protocol} pref ${pref} ${match} classid 1:77`,
    ]);
    failed(await pod.call("CHECK"), 100, [pod.nodeDevice, `pref ${pref}`]);
    failed(await pod.call("ADD"), 101, [pod.nodeDevice, `preference ${pref}`, "what it had before"]);
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toContain("flowid 1:77");
    await pod.unplug();
  });
});
