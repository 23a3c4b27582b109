/**
 * What the loop finds, reported as Events on the pods and objects that it concerns. What is so is reported when it becomes so; what
 * happens, when it happens again and again.
 */
import type { ReadBack } from "../../attachment/readback.ts";
import { messageOf } from "../../errors.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import { recordsOf } from "../node/records.ts";
import { shownPod } from "../view/view.ts";
import type { World } from "../world.ts";
import { isRepeated, laterThan, type Times } from "./drift.ts";
import { podSubject, type Cause, type Subject } from "./event.ts";
import { faultyAmong } from "./of-objects.ts";
import type { Findings } from "./of-decision.ts";
import { unservedIn } from "./of-pods.ts";
import { nothingRaised, raise, withoutGone } from "./raised.ts";
import { createRecorder, type Recorder, type Recording } from "./recorder.ts";

export type Reporter = Pick<Recorder, "setWriter"> & {
  readonly decided: (attachment: string, record: AttachmentRecord, findings: Findings) => void;
  readonly readBack: (attachment: string, record: AttachmentRecord, seen: ReadBack) => void;
  /** At each turn: pods and objects that no decision is about. */
  readonly look: () => void;
};

/** A pod may have its record later than the API's word that it runs. */
const recordMs = 30_000;

export function createReporter(world: () => World, recording: Recording): Reporter {
  const { record: recordEvent, setWriter } = createRecorder(recording);
  let raised = nothingRaised;
  /** Since when pods have been without a record, by UID. */
  let unserved: ReadonlyMap<string, number> = new Map();
  const drifted = new Map<string, Times>();
  /** Topics in which something failed last. */
  const failed = new Set<string>();

  const holds = (topic: string, subject: Subject, causes: readonly Cause[]): void => {
    const { fresh, ...now } = raise(raised, topic, causes);
    raised = now.raised;
    for (const cause of fresh) recordEvent({ subject, ...cause });
  };
  /** What fails once is mostly done a second later: the second time in a row counts. */
  const found = (topic: string, subject: Subject, causes: readonly Cause[]): void => {
    const hasFailed = causes.some(({ reason }) => reason === "QoSFailed");
    const isFirst = hasFailed && !failed.has(topic);
    if (hasFailed) failed.add(topic);
    else failed.delete(topic);
    if (!isFirst) holds(topic, subject, causes);
  };
  /** Where the API does not show the pod there is nobody to report to. */
  const subjectOf = (record: AttachmentRecord): Subject | undefined => {
    const { view } = world();
    const pod = view && shownPod(view, record);
    return pod && podSubject(pod);
  };

  return {
    setWriter,
    decided: (attachment, record, findings) => {
      const subject = subjectOf(record);
      if (subject === undefined) return;
      for (const [topic, causes] of Object.entries(findings))
        found(`${topic} ${attachment}`, subject, onInterface(record, causes));
    },
    readBack: (attachment, record, seen) => {
      const subject = subjectOf(record);
      if (subject === undefined) return;
      found(`kernel ${attachment}`, subject, onInterface(record, unmended(seen)));
      if (seen.kind !== "mended") return;
      const now = performance.now();
      const times = [...laterThan(drifted.get(attachment) ?? [], now), now];
      drifted.set(attachment, times);
      if (!isRepeated(times)) return;
      const note = `restored several times within an hour, because something else on the node keeps changing it: ${faultsOf(seen)}`;
      for (const cause of onInterface(record, [{ reason: "QoSDrift", note }]))
        recordEvent({ subject, ...cause, isHappening: true });
    },
    look: () => {
      const { view, records } = world();
      if (view?.snapshot.resources.pods.state !== "synced") return;
      const without = unservedIn(view.pods.values(), recordsOf(records));
      const now = performance.now();
      unserved = new Map(without.map(({ pod }) => [pod.uid, unserved.get(pod.uid) ?? now]));
      const sure = without.filter(
        ({ pod }) => pod.isOnHostNetwork === true || now - (unserved.get(pod.uid) ?? now) >= recordMs,
      );
      const faulty = faultyAmong(view.snapshot, view.pods.values());
      const topics = new Map<string, Topic>([
        ...sure.map(({ pod, note }) => [`pod ${pod.uid}`, notApplied(podSubject(pod), note)] as const),
        ...faulty.map(({ subject, note }) => [`object ${subject.uid}`, rejected(subject, note)] as const),
      ]);
      for (const [topic, { subject, causes }] of topics) holds(topic, subject, causes);
      const isThere = (topic: string): boolean =>
        topics.has(topic) || records.has(topic.replace(/^\w+ /, ""));
      raised = withoutGone(raised, isThere);
      for (const topic of failed) if (!isThere(topic)) failed.delete(topic);
      for (const attachment of drifted.keys()) if (!records.has(attachment)) drifted.delete(attachment);
    },
  };
}

type Topic = { readonly subject: Subject; readonly causes: readonly Cause[] };

function notApplied(subject: Subject, note: string): Topic {
  return { subject, causes: [{ reason: "QoSNotApplied", note }] };
}

function rejected(subject: Subject, note: string): Topic {
  return { subject, causes: [{ reason: "QoSRejected", note }] };
}

/** A pod may have several. */
function onInterface({ identity }: AttachmentRecord, causes: readonly Cause[]): readonly Cause[] {
  return causes.map(({ reason, note }) => ({ reason, note: `${identity.ifname}: ${note}` }));
}

function unmended(seen: ReadBack): readonly Cause[] {
  if (seen.kind !== "unmended") return [];
  const note = `${faultsOf(seen)}: it cannot be put back: ${messageOf(seen.error)}`;
  return [{ reason: "QoSFailed", note }];
}

function faultsOf({ faults }: Exclude<ReadBack, { readonly kind: "well" }>): string {
  return faults.map(({ text }) => text).join("; ");
}
