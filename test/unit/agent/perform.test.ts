/** A task of the queue, done: what it says to the loop beside. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Loop } from "../../../plugin/agent/context.ts";
import { apiViewOf } from "../../../plugin/agent/view/view.ts";
import { decideAnew } from "../../../plugin/agent/decide-anew.ts";
import { createMetrics } from "../../../plugin/agent/metrics.ts";
import { perform } from "../../../plugin/agent/perform.ts";
import { createStates } from "../../../plugin/agent/states.ts";
import { ownBuild } from "../../../plugin/attachment/build.ts";
import { decide } from "../../../plugin/attachment/decide.ts";
import { planFor } from "../../../plugin/attachment/plan.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import { ownProcess, upTime } from "../../../plugin/kernel/process.ts";
import type { Knowledge } from "../../../plugin/knowledge/knowledge.ts";
import { netnsId } from "../../../plugin/kernel/netns.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import { enterLock } from "../../../plugin/state/locks.ts";
import { writeRecord } from "../../../plugin/state/record-file.ts";
import { apiObject, snapshotOf } from "../support/api.ts";
import { knowing, podRequest } from "../support/known.ts";
import { loopAt } from "../support/loop.ts";
import { taskOf } from "../support/task.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-perform-"));
afterAll(() => rmSync(root, { recursive: true }));
let places = 0;
const createPlace = (): string => join(root, String((places += 1)));

const recordNamed = (containerId: string, more: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId, ifname: "eth0" },
  // Of a directory that is not there: nobody can tell whether it lives, so nothing is done.
  netns: "/nowhere/netns/x",
  netnsId: `1:${containerId}`,
  pod: "prod/x",
  facts: undefined,
  programs: [],
  ...more,
});

describe("a record that an ADD writes while a pod is decided", () => {
  it("is news where it is of another pod: or that stays as it was added", async () => {
    const stateDir = createPlace();
    const { loop, told } = loopAt(stateDir);
    writeRecord(stateDir, recordNamed("a"));
    loop.readRecords();
    writeRecord(stateDir, recordNamed("b", { pending: "the node's agent has not seen this pod yet" }));
    await perform(loop, { kind: "decide", attachment: "podnet/a@eth0" }, ["test"]);
    const byTheWatch = loop.readRecords();
    const byPerform = told.flatMap((news) => (news.kind === "records" ? news.attachments : []));
    expect([...byTheWatch, ...byPerform]).toEqual(["podnet/b@eth0"]);
  });

  it("is news where it is of that pod, which was decided by its record before", async () => {
    const stateDir = createPlace();
    const { loop, told } = loopAt(stateDir);
    const before = recordNamed("a");
    writeRecord(stateDir, before);
    loop.readRecords();
    // The decision is told once it is made.
    const log: Loop["log"] = () => writeRecord(stateDir, { ...before, limits: { egress: 1e6, rules: 0 } });
    await perform({ ...loop, log }, { kind: "decide", attachment: "podnet/a@eth0" }, ["test"]);
    expect(told).toEqual([{ kind: "records", attachments: ["podnet/a@eth0"] }]);
  });
});

describe("a pod that the agent can do nothing about", () => {
  it.each([
    [
      "its namespace cannot be seen from here",
      {},
      "hidden",
      "warn prod/x eth0: whether its network namespace",
    ],
    [
      "its record does not say what was requested",
      { netns: "/proc/self/ns/net", netnsId: netnsId("/proc/self/ns/net") ?? "" },
      "incomplete",
      "info prod/x eth0: its record does not say what was requested",
    ],
  ] as const)("is logged once: %s", async (_, more, kind, line) => {
    const stateDir = createPlace();
    const { loop, logged } = loopAt(stateDir, { api: false });
    writeRecord(stateDir, recordNamed("a", more));
    loop.readRecords();
    const task = { kind: "decide", attachment: "podnet/a@eth0" } as const;
    for (const why of ["test", "test again"])
      expect(await perform(loop, task, [why])).toMatchObject({ kind, outcome: "done" });
    expect(logged).toEqual([
      expect.stringContaining(line),
      expect.stringContaining(line.replace(/^\w+/, "debug")),
    ]);
  });
});

/** As it runs: in the namespace of this process, in which nothing of it is made. */
const running = async (knowledge: Knowledge): Promise<AttachmentRecord> => {
  const netns = "/proc/self/ns/net";
  const said = podRequest({});
  const request = { ...said, call: { ...said.call, netns } };
  const policy = await decide(request, "forget", knowledge);
  const plan = planFor(request, policy, taskOf({}).facts);
  const decided = { request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined };
  return policy.rules.length === 0
    ? recordOf(decided, undefined, [])
    : recordOf(decided, plan, plan.programs);
};

const named = (record: AttachmentRecord, containerId: string): AttachmentRecord => ({
  ...record,
  identity: { ...record.identity, containerId },
});

describe("looks at several pods", () => {
  it("ask for one at each that is not as it should be, and for none at the others", async () => {
    const stateDir = createPlace();
    const { loop, told } = loopAt(stateDir);
    const marked = await running(
      knowing({ snapshot: snapshotOf({ egressQos: [apiObject({ egress: [{ dscp: 41 }] })] }) }),
    );
    expect(marked.programs).not.toEqual([]);
    // Nothing of its programs is made, and the others have none.
    writeRecord(stateDir, named({ ...marked, programs: [] }, "a"));
    writeRecord(stateDir, named(marked, "b"));
    writeRecord(stateDir, recordNamed("c"));
    loop.readRecords();
    const attachments = ["a", "b", "c", "gone"].map((name) => `podnet/${name}@eth0`);
    const came = await perform(loop, { kind: "looks", attachments }, ["test"]);
    expect(came).toMatchObject({ outcome: "over" });
    expect(told).toEqual([{ kind: "suspects", attachments: ["podnet/b@eth0"] }]);
    expect(await loop.metrics.registry.metrics()).toContain('pod_qos_read_backs_total{result="well"} 2');
  });
});

describe("what is refused", () => {
  // The uplink's device is away for a moment.
  const conf = {
    type: "pod-qos",
    uplink: { device: "away0", rate: "1G", default: "a", classes: { a: { rate: "1G" } } },
  };

  it("is tried again, for the reason may pass", async () => {
    const tools = { stateDir: createPlace(), log: () => undefined, metrics: createMetrics() };
    const came = await decideAnew(tools, await running(knowing({})), { conf, knowledge: knowing({}) }, [
      "test",
    ]);
    expect(came).toMatchObject({ kind: "refused", outcome: "failed", why: "test" });
  });

  it("is said once, and again after all was well", () => {
    const states = createStates(createMetrics());
    const logged: string[] = [];
    const log = states.sayingOnce("a", (level, text) => void logged.push(`${level} ${text}`));
    const refused = (text: string): void => {
      log("warn", text);
      states.note("a", "refused");
    };
    for (const text of ["one", "one", "two"]) refused(text);
    states.note("a", "same");
    refused("one");
    expect(logged).toEqual(["warn one", "debug one", "warn two", "warn one"]);
  });
});

/** So that what is decided wrongly is held up before it comes to this machine's kernel. */
const locked = (
  record: AttachmentRecord,
): { readonly stateDir: string; readonly record: AttachmentRecord } => {
  const stateDir = createPlace();
  writeRecord(stateDir, record);
  enterLock(stateDir, record.identity, { ...ownProcess(), verb: "test", since: upTime() });
  return { stateDir, record };
};

describe("a pod that is marked by an object of the API", () => {
  const marks = snapshotOf({ egressQos: [apiObject({ egress: [{ dscp: 41 }] })] });
  const task = { kind: "decide", attachment: "podnet/c1@eth0" } as const;

  it("keeps its mark beside an agent that follows no API any more", async () => {
    const { stateDir } = locked(
      await running(knowing({ source: "stale", isUnknown: true, snapshot: marks })),
    );
    const { loop } = loopAt(stateDir, { api: false });
    writeSnapshot(stateDir, marks);
    loop.readRecords();
    expect(await perform(loop, task, ["test"])).toMatchObject({ kind: "same", outcome: "done" });
  });

  it.each([
    [
      "keeps it where a newer agent decided it, and left a snapshot of a format to come",
      marks,
      "9.9.9",
      "waiting",
    ],
    ["is none beside such a snapshot where this build decided it", snapshotOf({}), ownBuild, "same"],
  ] as const)("%s", async (_, snapshot, build, state) => {
    const record = await running(knowing({ source: "stale", isUnknown: true, snapshot }));
    const { stateDir } = locked({ ...record, build });
    const { loop } = loopAt(stateDir, { api: false });
    writeSnapshot(stateDir, marks);
    const path = join(stateDir, "live/snapshot");
    writeFileSync(path, readFileSync(path, "latin1").replace("snapshot 1", "snapshot 2"), "latin1");
    loop.readRecords();
    await perform(loop, task, ["test"]);
    const shown = state === "same" ? "in_step" : state;
    const pods = await loop.metrics.registry.getSingleMetricAsString("pod_qos_pods");
    expect(pods).toContain(`pod_qos_pods{state="${shown}"} 1`);
  });

  it("keeps it where it seemed to have ended and the API does not show it", async () => {
    const { stateDir } = locked(await running(knowing({ snapshot: marks })));
    const { loop } = loopAt(stateDir);
    loop.setWorld({ ...loop.world(), view: apiViewOf(snapshotOf({}), []) });
    loop.readRecords();
    loop.states.note(task.attachment, "ending");
    expect(await perform(loop, task, ["test"])).toMatchObject({ kind: "alive", outcome: "done" });
    expect(await loop.metrics.registry.metrics()).toContain('pod_qos_pods{state="absent"} 1');
  });
});
