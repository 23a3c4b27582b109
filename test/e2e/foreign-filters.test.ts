/** Filters of others that are asked before ours: what passes beside a filter that alone holds a cap is told by ADD and by CHECK. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { hasFeature, suite } from "../lab/node/needs.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import type { PluginResult } from "../lab/plugin/plugin.ts";
import { recordPathOf } from "../lab/plugin/records.ts";
import { warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

type Row = readonly [string, readonly string[]];

const halves = (end: string): readonly string[] => [
  `protocol ip pref 1 u32 match ip dst 0.0.0.0/1 ${end}`,
  `protocol ip pref 2 u32 match ip dst 128.0.0.0/1 ${end}`,
];
const everything = "bytecode '1,6 0 0 4294967295'";
const onStock = (...rows: readonly Row[]): readonly Row[] => (hasFeature("flower") ? rows : []);

const taking: readonly Row[] = [
  ["two halves of u32", halves("classid 1:77")],
  ...onStock(
    ["flower without keys", ["protocol all pref 1 flower action ok"]],
    ["basic", ["protocol all pref 1 basic action ok"]],
    ["matchall of IPv4", ["protocol ip pref 1 matchall action ok"]],
    [
      "two halves of flower",
      ["0.0.0.0/1", "128.0.0.0/1"].map((half) => `protocol ip pref 1 flower dst_ip ${half} action ok`),
    ],
  ),
];
const unclear: readonly Row[] = [
  ["bpf with a verdict of its own", ["protocol all pref 1 bpf direct-action bytecode '1,6 0 0 0'"]],
  ["bpf with a class", [`protocol all pref 1 bpf ${everything} classid 1:77`]],
  ["one half of u32", halves("classid 1:77").slice(1)],
  ...onStock(
    ["bpf with an action", [`protocol all pref 1 bpf ${everything} action ok`]],
    ["flower of TCP", ["protocol ip pref 1 flower ip_proto tcp action ok"]],
  ),
];
const harmless: readonly Row[] = [
  ["takes one address", ["protocol ip pref 1 u32 match ip dst 192.0.2.1 classid 1:77"]],
  ["takes ARP", ["protocol arp pref 1 u32 match u32 0 0 classid 1:77"]],
  ...onStock(
    ["goes on", [`protocol all pref 1 bpf ${everything} action continue`]],
    ["goes on, in halves", halves("action continue")],
    ["drops", ["protocol all pref 1 flower action drop"]],
  ),
];

const hooks = [
  { hook: "ingress", title: "what the pod sends", defaults: { egressBandwidth: "10M" } },
  // Without act_police a shaper at the root holds it, past which no filter of a hook leads.
  ...(hasFeature("act_police")
    ? [{ hook: "egress", title: "what the pod receives", defaults: { ingressBandwidth: "10M" } }]
    : []),
];

/** The small kernel has the hook of ingress too: there the VM looks at what only it has, and at a sample of all at the other. */
const at = (hook: string, rows: readonly Row[]): readonly Row[] =>
  paced(
    `behind filters at ${hook}`,
    rows,
    hook === "egress" ? 5 : 0,
    (row) => hook === "ingress" && ofStock(row) && row[0] !== "goes on, in halves",
  );
const ofStock = ([, filters]: Row): boolean => / (flower|basic|matchall|action) /.test(filters.join(" "));

describe.each(hooks)("a policed cap of $title", ({ hook, defaults }) => {
  const policed = (): Promise<Plug> => plug(node, { conf: { defaults, discipline: "police" } });

  test.each(at(hook, taking))(
    "behind %s: 101 of ADD, which leaves nothing; CHECK fails",
    async (_, filters) => {
      const pod = await policed();
      await filter(pod, hook, filters);
      const before = await exactState(node, pod.pod);
      failed(await pod.call("ADD"), 101, [pod.nodeDevice, "not ours", "pref 1"]);
      expect(await exactState(node, pod.pod)).toBe(before);
      await unfilter(pod);
      succeeded(await pod.call("ADD"));
      await filter(pod, hook, filters);
      failed(await pod.call("CHECK"), 100, [pod.nodeDevice, "get past it", "pref 1"]);
      await ended(pod);
    },
  );

  test.each(at(hook, unclear))("behind %s: ADD warns, CHECK fails", async (_, filters) => {
    const pod = await policed();
    await filter(pod, hook, filters);
    expect(warned(await pod.call("ADD"))).toContain("the pod is not limited for that");
    failed(await pod.call("CHECK"), 100, [pod.nodeDevice, "get past it", "not ours"]);
    await unfilter(pod);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  test.each(at(hook, harmless))("behind one that %s: nobody's business", async (_, filters) => {
    const pod = await policed();
    await filter(pod, hook, filters);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });
});

test("what a filter takes that picks out one address is told in the log file", async () => {
  const conf = { defaults: { egressBandwidth: "10M" }, discipline: "police", logFile: "/run/told.log" };
  const pod = await plug(node, { conf });
  await filter(pod, "ingress", ["protocol ip pref 1 u32 match ip dst 192.0.2.1 classid 1:77"]);
  succeeded(await pod.call("ADD"));
  expect((await node.exec("cat", ["/run/told.log"])).stdout).toMatch(/info .*passes beside it.*pref 1 u32/);
  await ended(pod);
});

/** Without act_police there is no guard: the redirect alone holds the cap. */
suite("a guard behind a shaper in the pod", { features: ["act_police"] }, () => {
  test.each(paced("behind a shaper", [...unclear, ...taking.slice(0, 1)], 6))(
    "and behind %s: ADD and CHECK warn, for the shaper holds",
    async (_, filters) => {
      const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
      await filter(pod, "ingress", filters);
      expect(warned(await pod.call("ADD"))).toContain("the shaper in its own namespace");
      expect(warned(await pod.call("CHECK"))).toContain("the shaper in its own namespace");
      await ended(pod);
    },
  );

  test("and behind bpf, as 0.1.0 recorded it: CHECK warns", async () => {
    const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
    await filter(pod, "ingress", unclear[0]?.[1] ?? []);
    expect(warned(await pod.call("ADD"))).toContain("the shaper in its own namespace");
    const text = readFileSync(recordPathOf(pod), "utf8");
    expect(text).toContain("isGuard");
    const former = JSON.parse(text, (key, value: unknown) =>
      key === "isGuard" ? undefined : value,
    ) as object;
    writeFileSync(recordPathOf(pod), JSON.stringify({ ...former, build: undefined }));
    expect(warned(await pod.call("CHECK"))).toContain("the shaper in its own namespace");
    await ended(pod);
  });
});

const filter = async (pod: Plug, hook: string, filters: readonly string[]): Promise<void> => {
  await node.exec("tc", ["qdisc", "add", "dev", pod.nodeDevice, "clsact"], { reject: false });
  const lines = filters.map((words) => `filter add dev ${pod.nodeDevice} ${hook} ${words}\n`);
  await node.exec("tc", ["-batch", "-"], { input: lines.join("") });
};

const unfilter = async (pod: Plug): Promise<void> => {
  for (const hook of ["ingress", "egress"])
    for (const pref of ["1", "2"])
      await node.exec("tc", ["filter", "del", "dev", pod.nodeDevice, hook, "pref", pref], { reject: false });
};

/** Exit 0, and one line on stderr, which comes back. */
const warned = ({ exitCode, stdout, stderr }: PluginResult): string => {
  expect(exitCode, stdout).toBe(0);
  expect(stderr.trim().split("\n")).toEqual([expect.stringMatching(/ warn pod-qos: .*pref [12] /)]);
  return stderr;
};

const ended = async (pod: Plug): Promise<void> => {
  succeededSilently(await pod.call("DEL"));
  await pod.unplug();
};
