/** An attachment decided anew while it runs: nothing where nothing changed, the least where something did, never less than it had. */
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import { lockAs, lockNames, startTimeOf } from "../lab/plugin/locks.ts";
import type { LabNode } from "../lab/node/node.ts";
import { ended, plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import { reappliedState as stateOf, reapplyTo as reapply } from "../lab/agent/reapply.ts";
import { readRecordOf, recordPathOf } from "../lab/plugin/records.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** The kernel's state after ADD with that conf on an interface like the first. */
const freshAdd = async (pod: Plug, conf: object): Promise<readonly unknown[]> => {
  succeededSilently(await pod.call("DEL"));
  succeeded(await pod.call("ADD", { conf: { defaults: {}, ...conf } }));
  return stateOf(pod);
};

const wishes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  nothing: {},
  caps: allWishes,
  "other caps": { defaults: { ingressBandwidth: "5M", egressBandwidth: "7M", dscp: "EF" } },
  "a mark": { defaults: { dscp: "CS1" } },
  rules: ruledWishes,
  "rules in another order": { ...ruledWishes, egress: ruledWishes.egress.toReversed() },
  police: { ...allWishes, discipline: "police" },
  "caps in the pod": { ...allWishes, enforce: "pod" },
};
const names = Object.keys(wishes);
/** Each to its next, and back. */
const steps = names.flatMap((from, at) => {
  const to = names[(at + 1) % names.length] ?? "";
  return [[from, to] as const, [to, from] as const];
});

describe.each<[LinkKind, number]>([
  ["veth", 1],
  ["macvlan", 4],
])("on a %s", (kind, every) => {
  test.each(steps.filter((_, at) => at % every === 0))(
    "from %s to %s is what a fresh ADD gives, and nothing once more",
    async (from, to) => {
      await leavesNothing(node, async () => {
        const pod = await plug(node, { kind });
        succeeded(await pod.call("ADD", { conf: wishes[from] ?? {} }));
        expect(await reapply(pod)).toEqual({ kind: "same", message: "", started: 0 });
        expect(await reapply(pod, wishes[to])).toMatchObject({ kind: "changed", message: "" });
        expect(await reapply(pod, wishes[to])).toEqual({ kind: "same", message: "", started: 0 });
        const changed = await stateOf(pod);
        expect(changed).toEqual(await freshAdd(pod, wishes[to] ?? {}));
        expect(lockNames(node)).toEqual([]);
        await ended(pod);
      });
    },
  );
});

test("a conf that cannot be, a tool that refuses and a foreign object leave the pod what it has", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    const before = await stateOf(pod);
    expect(await reapply(pod, { egressRat: 1 })).toMatchObject({ kind: "refused", started: 0 });
    expect(await reapply(pod, { defaults: { dscp: 99 } })).toMatchObject({ kind: "refused", started: 0 });
    await pod.pod.exec("tc", ["qdisc", "replace", "dev", "eth0", "root", "handle", "77:", "pfifo"]);
    const { kind, message } = await reapply(pod, wishes["rules"]);
    expect([kind, message]).toEqual(["failed", expect.stringContaining("eth0")]);
    await pod.pod.exec("tc", ["qdisc", "del", "dev", "eth0", "root"]);
    expect(await reapply(pod, wishes["other caps"])).toMatchObject({ kind: "changed" });
    expect(await reapply(pod, allWishes)).toMatchObject({ kind: "changed" });
    expect(await stateOf(pod)).toEqual(before);
    await ended(pod);
  });
});

test("a change of marks alone starts no tool for what is about caps", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    const marked = await reapply(pod, { defaults: { ...allWishes.defaults, dscp: "CS1" } });
    // A look and a transaction for each family.
    expect(marked).toMatchObject({ kind: "changed", started: 4 });
    await ended(pod);
  });
});

test("a change that fails for what somebody took away elsewhere puts that back, and is done with the next try", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: ruledWishes });
    succeeded(await pod.call("ADD"));
    const remarked = {
      ...ruledWishes,
      egress: ruledWishes.egress.map((rule) => ({ ...rule, dscp: "AF11" })),
    };
    await pod.pod.exec("sh", [
      "-ec",
      "for tool in iptables ip6tables; do $tool -t mangle -F; $tool -t mangle -X; done; ipset destroy",
    ]);
    expect(await reapply(pod, remarked)).toMatchObject({ kind: "failed" });
    expect(await reapply(pod, remarked)).toMatchObject({ kind: "changed" });
    const changed = await stateOf(pod);
    expect(changed).toEqual(await freshAdd(pod, remarked));
    await ended(pod);
  });
});

test("a change that was cut short is done to its end, though the record lists all of it", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node);
    succeeded(await pod.call("ADD", { conf: ruledWishes }));
    const whole = readRecordOf(pod);
    succeeded(await pod.call("ADD", { conf: allWishes }));
    writeFileSync(recordPathOf(pod), JSON.stringify({ ...whole, unfinished: true }));
    expect(await reapply(pod)).toMatchObject({ kind: "changed" });
    const changed = await stateOf(pod);
    expect(changed).toEqual(await freshAdd(pod, ruledWishes));
    await ended(pod);
  });
});

test("a pod whose namespace has ended without DEL is undone, and one whose namespace cannot be seen is not", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { kind: "macvlan", conf: allWishes });
    succeeded(await pod.call("ADD"));
    const record = readRecordOf(pod);
    const path = recordPathOf(pod);
    await pod.unplug();
    await pod.pod.remove();
    const elsewhere = { ...record, netns: "/run/not-mounted-here/pod" };
    writeFileSync(path, JSON.stringify(elsewhere));
    expect(await reapply(pod)).toMatchObject({ kind: "hidden", started: 0 });
    writeFileSync(node.path("/run/empty"), "");
    writeFileSync(path, JSON.stringify({ ...record, netns: "/run/empty" }));
    expect(await reapply(pod)).toMatchObject({ kind: "hidden", started: 0 });
    expect(recordNames(node)).toContainEqual(expect.stringContaining(pod.pod.containerId));
    rmSync(node.path("/run/empty"));
    const { view = { bootId: "", place: "" } } = record;
    const fromElsewhere = { ...record, view: { ...view, place: "another directory" } };
    writeFileSync(path, JSON.stringify(fromElsewhere));
    expect(await reapply(pod)).toMatchObject({ kind: "hidden", started: 0 });
    writeFileSync(path, JSON.stringify(record));
    expect(await reapply(pod)).toMatchObject({ kind: "gone" });
    expect(recordNames(node)).not.toContainEqual(expect.stringContaining(pod.pod.containerId));
  });
});

test("a record of a build that did not say what was asked is left alone", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    const { asked: _, ...former } = readRecordOf(pod);
    writeFileSync(recordPathOf(pod), JSON.stringify(former));
    expect(await reapply(pod, wishes["rules"])).toEqual({ kind: "incomplete", message: "", started: 0 });
    await ended(pod);
  });
});

test("who is at work at it is waited for, then left to it", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    lockAs(pod, process.pid, startTimeOf(process.pid));
    expect(await reapply(pod, wishes["rules"])).toMatchObject({
      kind: "busy",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await node.exec("sh", ["-c", "rm /run/pod-qos/locks/*"]);
    expect(await reapply(pod, wishes["rules"])).toMatchObject({ kind: "changed" });
    await ended(pod);
  });
});

test("a link that has the name of the host end by now is another's, and not touched", async () => {
  const pod = await plug(node, { conf: allWishes });
  succeeded(await pod.call("ADD"));
  const before = readRecordOf(pod);
  await node.exec("sh", [
    "-ec",
    'ip link del "$1"; ip link add "$1" type veth peer name elsewhere0',
    "sh",
    pod.nodeDevice,
  ]);
  const qdiscs = async () => (await node.exec("tc", ["qdisc", "show", "dev", pod.nodeDevice])).stdout;
  const alone = await qdiscs();
  const { kind, message } = await reapply(pod, wishes["other caps"]);
  expect([kind, message]).toEqual([
    "failed",
    expect.stringContaining(`link ${pod.nodeDevice} is another one`),
  ]);
  expect([await qdiscs(), readRecordOf(pod)]).toEqual([alone, before]);
  await ended(pod);
});
