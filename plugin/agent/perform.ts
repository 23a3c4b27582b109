/** A task of the queue, done by what the world is when its turn comes. */
import { ownBuild } from "../attachment/build.ts";
import { isEqual } from "../attachment/equal.ts";
import { learnLeft } from "../attachment/learn.ts";
import { suspectsAmong } from "../attachment/readback.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { isOfAnotherBuild } from "../state/live/snapshot.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { nameOf } from "../report/names.ts";
import { knowledgeOf, namesakeOf } from "./view/view.ts";
import type { Loop } from "./context.ts";
import { decideAnew } from "./decide-anew.ts";
import type { Outcome } from "./status/outcome.ts";
import { hasOf, selecting } from "./status/selection.ts";
import { lookAt, settle, sweep, type Came } from "./work.ts";
import { confOf, presentConfOf, type Task } from "./world.ts";

export async function perform(loop: Loop, task: Task, why: readonly string[]): Promise<Came> {
  const { log, metrics, options, states, events, world } = loop;
  const tools = { stateDir: options.stateDir, log, metrics };
  // What was asked before it was known that nothing may be changed.
  if (!states.isInStep() && isDecision(loop, task)) return { outcome: "done", why: "" };
  switch (task.kind) {
    case "decide":
      return decide(loop, task.attachment, why);
    case "look": {
      const record = world().records.get(task.attachment)?.record;
      if (record === undefined) return over;
      const looked = await lookAt(tools, record);
      loop.standings.look(task.attachment, looked.drift);
      events.readBack(task.attachment, record, looked.seen);
      return looked;
    }
    case "looks":
      return lookAtAll(loop, task.attachments);
    case "uplink": {
      const conf = confOf(world(), task.network);
      return conf === undefined ? over : settle(tools, task.network, conf, why);
    }
    case "adopt":
      return loop.adopt(task.path);
    case "sweep":
      return sweep(tools);
  }
}

/** What is not as it should be is looked at again, by itself: that mends it, and tells. */
async function lookAtAll(
  { options, metrics, standings, world, tell }: Loop,
  names: readonly string[],
): Promise<Came> {
  const { records } = world();
  const known = new Map(
    names.flatMap((name) => {
      const record = records.get(name)?.record;
      return record === undefined ? [] : [[name, record] as const];
    }),
  );
  const attachments = await suspectsAmong(options.stateDir, known);
  metrics.readBacks.inc({ result: "well" }, known.size - attachments.length);
  for (const name of known.keys()) if (!attachments.includes(name)) standings.look(name, undefined);
  if (attachments.length > 0) tell({ kind: "suspects", attachments });
  return over;
}

/** What is not: what ended is undone, and what somebody took away is put back as it was. */
function isDecision({ states }: Loop, task: Task): boolean {
  return (
    task.kind === "uplink" ||
    task.kind === "adopt" ||
    (task.kind === "decide" && !states.isEnding(task.attachment))
  );
}

async function decide(loop: Loop, attachment: string, why: readonly string[]): Promise<Came> {
  const { log, metrics, options, states, standings, destinations, events, world, readRecords, tell } = loop;
  const begun = standings.begin(attachment);
  const stands = (outcome: Outcome): void => standings.end(attachment, begun, outcome);
  const { records, view } = world();
  const record = records.get(attachment)?.record;
  if (record === undefined) {
    states.note(attachment, "ended");
    stands({ kind: "left out" });
    return over;
  }
  const known = view ? knowledgeOf(view, record) : leftFor(loop, record);
  const knowledge = view && typeof known === "object" ? { ...known, destinations: destinations.find } : known;
  const undoOnly = typeof knowledge === "string";
  if (undoOnly && !states.isEnding(attachment)) {
    states.note(attachment, knowledge);
    stands(knowledge === "waiting" ? leftByAnother : { kind: "left out" });
    const other = knowledge === "absent" && view && namesakeOf(view, record);
    if (other) states.sayingOnce(attachment, log)("warn", namesake(record, other));
    return { outcome: "done", why: "" };
  }
  const conf = presentConfOf(world(), record);
  const ground = { conf, knowledge: undoOnly ? undefined : knowledge, undoOnly };
  const came = await decideAnew(
    { stateDir: options.stateDir, log: states.sayingOnce(attachment, log), metrics },
    record,
    ground,
    why,
  );
  if (came.asks !== undefined) destinations.note(attachment, came.asks);
  const isApplied = came.stands.kind === "good" || came.addressless !== undefined;
  const has =
    isApplied && !undoOnly && view !== undefined
      ? hasOf(selecting(view, record, knowledge?.pod?.labels), came.addressless)
      : undefined;
  standings.end(attachment, begun, came.stands, has);
  events.decided(attachment, record, came.findings);
  if (came.kind !== "alive") states.note(attachment, came.kind);
  else if (undoOnly) states.note(attachment, knowledge);
  // Of two that leave side by side each finds the other one there, and neither takes the class away.
  if (came.leftFormer === true) tell({ kind: "former class left", network: record.identity.network });
  if (came.hadAnotherUplink === true) tell({ kind: "another uplink", network: record.identity.network });
  // What we wrote ourselves is no news; what an ADD wrote meanwhile is.
  const isOurs = (each: string): boolean =>
    each === attachment && isEqual(world().records.get(each)?.record, came.left);
  const attachments = readRecords().filter((each) => !isOurs(each));
  if (attachments.length > 0) tell({ kind: "records", attachments });
  return came;
}

function namesake(record: AttachmentRecord, uid: string): string {
  return `${nameOf(record)}: the API shows another pod of this name (${uid}), and none with the UID that this one was added with (${record.asked?.uid}): it keeps what it has`;
}

/** Without an API: what an agent left that followed one. "waiting": another build left it, and decided this pod by it. */
function leftFor(
  { options: { stateDir } }: Loop,
  { identity, asked, build }: AttachmentRecord,
): Knowledge | "waiting" | undefined {
  if (build !== ownBuild && isOfAnotherBuild(stateDir)) return "waiting";
  const { uid, namespace, name } = asked ?? {};
  return learnLeft(stateDir, { uid, namespace, name, network: identity.network });
}

const leftByAnother: Outcome = {
  kind: "waiting",
  reason: "another build of the agent decided on it by the API, which this agent does not follow",
};

const over: Came = { outcome: "over", why: "" };
