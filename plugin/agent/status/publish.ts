/** Writes the report of this node when it is due (due.ts). Whatever fails here, no pod notices. */
import { messageOf } from "../../errors.ts";
import type { QosNodeStatus } from "../../report/qos-node.ts";
import type { Log } from "../../log.ts";
import { changed, failed, missing, neverWritten, unchanged, writeMs, written, type Due } from "./due.ts";

/** "missing": the cluster has no definition of it. */
export type Written = "written" | "missing";

export type Publishing = {
  /** undefined: nothing is to be written now. `marks`: what makes a report another one though it says the same. */
  readonly report: () => Now | undefined;
  readonly isSettled: () => boolean;
  readonly write: (status: QosNodeStatus) => Promise<Written>;
  readonly count: (result: Written | "failed") => void;
  readonly log: Log;
  readonly signal: AbortSignal;
};

type Now = { readonly report: Report; readonly marks: unknown };

export type Report = Omit<QosNodeStatus, "renewed">;

export type Publisher = {
  /** Something may differ from what was written last. */
  readonly change: () => void;
};

export function startPublisher({ report, isSettled, write, count, log, signal }: Publishing): Publisher {
  let due: Due = neverWritten;
  let last: { readonly text: string; readonly marks: unknown } | undefined;
  let said = "";
  let isWriting = false;
  let timer: NodeJS.Timeout | undefined;

  const say = (level: "info" | "warn", text: string): void => {
    if (text !== said) log(level, text);
    said = text;
  };
  const plan = (): void => {
    clearTimeout(timer);
    if (isWriting || signal.aborted) return;
    const atMs = writeMs(due, isSettled());
    if (atMs !== Infinity) timer = setTimeout(() => void turn(), Math.max(0, atMs - performance.now()));
  };
  const publish = async ({ report: now, marks }: Now): Promise<void> => {
    const result = await write({ ...now, renewed: microTime(new Date()) });
    count(result);
    if (result === "written") {
      last = { text: textOf(now), marks };
      due = written(due, performance.now(), Math.random());
      if (said !== "") log("info", "the node's report (QoSNode) is being written again");
      said = "";
    } else {
      due = missing(due, performance.now(), Math.random());
      say("info", "the cluster has no definition (CRD) of QoSNode, so this node cannot report to the API");
    }
  };
  const turn = async (): Promise<void> => {
    try {
      // It reads files: that may fail as a write may.
      const now = report();
      if (now === undefined) return;
      const isRenewal = due.renewMs === undefined || performance.now() >= due.renewMs;
      const isNew = isRenewal || last?.text !== textOf(now.report) || last.marks !== now.marks;
      due = unchanged(due);
      isWriting = isNew;
      if (isNew) await publish(now);
    } catch (error) {
      if (signal.aborted) return;
      count("failed");
      due = failed(due, performance.now(), Math.random(), retryAfterOf(error));
      say("warn", `cannot write the node's report (QoSNode), trying again: ${messageOf(error)}`);
    }
    isWriting = false;
    plan();
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    change: () => {
      due = changed(due, performance.now());
      plan();
    },
  };
}

/** Which versions have been observed differs with each event, also with those that change no spec. */
function textOf({ observed, ...rest }: Report): string {
  return JSON.stringify({ ...rest, observed: Object.keys(observed) });
}

/** The API's microseconds; JavaScript has none. */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}

function retryAfterOf(error: unknown): number | undefined {
  return error instanceof Error && "retryAfter" in error && typeof error.retryAfter === "number"
    ? error.retryAfter
    : undefined;
}
