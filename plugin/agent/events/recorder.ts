/**
 * Writes Events, one at a time and behind everything else: whoever reports one waits for nothing. What the API does not answer
 * is tried again, as often as client-go does; what it refuses is dropped and logged once.
 */
import { messageOf } from "../../errors.ts";
import { ServerError } from "../../kube/errors.ts";
import { pause } from "../../kube/pause.ts";
import type { Write } from "../../kube/send.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../metrics.ts";
import { firstWrite, nextWrite } from "./body.ts";
import { correlate, nothingWritten, type EventWrite } from "./correlate.ts";
import type { EventData } from "./event.ts";
import type { Result } from "./results.ts";

export type Writer = (write: Write) => Promise<unknown>;

export type Recorder = {
  readonly record: (event: EventData) => void;
  /** undefined: the API is not known, or belongs to another cluster. */
  readonly setWriter: (writer: Writer | undefined) => void;
};

export type Recording = {
  readonly node: string;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "events">;
  readonly signal: AbortSignal;
  readonly pace?: Pace;
};

export type Pace = { readonly gapMs: number; readonly againMs: number };

/** client-go's: five requests a second, and 12 tries ten seconds apart. */
const usual: Pace = { gapMs: 200, againMs: 10_000 };
const mostTries = 12;
/** So many wait; of more the oldest are lost. */
const mostWaiting = 1000;

export function createRecorder({ node, log, metrics, signal, pace = usual }: Recording): Recorder {
  let memory = nothingWritten;
  let waiting: readonly EventWrite[] = [];
  let writer: Writer | undefined;
  let isWriting = false;
  const logRefusal = onceEach(log);
  const count = (result: Result): void => metrics.events.inc({ result });

  const writeAll = async (): Promise<void> => {
    if (isWriting) return;
    isWriting = true;
    let tries = 0;
    for (;;) {
      const [next] = waiting;
      if (next === undefined || writer === undefined || signal.aborted) break;
      const came = await attempt(writer, next, node);
      if (signal.aborted) break;
      tries += 1;
      if (came.kind !== "away" || tries >= mostTries) {
        waiting = waiting.filter((each) => each !== next);
        tries = 0;
        count(came.kind === "away" ? "lost" : came.kind);
      }
      if (came.kind === "refused") logRefusal(came.error);
      await pause(came.kind === "away" ? Math.max(pace.againMs, came.afterMs) : pace.gapMs, signal);
    }
    isWriting = false;
  };

  return {
    record: (event) => {
      const now = correlate(memory, event, Date.now());
      memory = now.memory;
      if (now.write === undefined) return count("limited");
      waiting = [...waiting, now.write];
      if (waiting.length > mostWaiting) {
        waiting = waiting.slice(1);
        count("lost");
      }
      void writeAll();
    },
    setWriter: (next) => {
      writer = next;
      void writeAll();
    },
  };
}

type Came =
  | { readonly kind: "written" | "known" }
  | { readonly kind: "refused"; readonly error: ServerError }
  | { readonly kind: "away"; readonly afterMs: number };

async function attempt(writer: Writer, write: EventWrite, node: string): Promise<Came> {
  try {
    await (write.count === 1 ? writer(firstWrite(write, node)) : again(writer, write, node));
    return { kind: "written" };
  } catch (error) {
    if (!(error instanceof ServerError)) return { kind: "away", afterMs: 0 };
    const { status, retryAfter = 0 } = error;
    if (status === 409) return { kind: "known" };
    return status === 401 || status === 429 || status >= 500
      ? { kind: "away", afterMs: retryAfter }
      : { kind: "refused", error };
  }
}

/** The API keeps Events for an hour: one that is gone is written anew. */
async function again(writer: Writer, write: EventWrite, node: string): Promise<void> {
  try {
    await writer(nextWrite(write));
  } catch (error) {
    if (!(error instanceof ServerError) || error.status !== 404) throw error;
    await writer(firstWrite(write, node));
  }
}

function onceEach(log: Log): (error: ServerError) => void {
  const said = new Set<string>();
  return (error) => {
    const why = `${error.status} ${error.reason}`;
    // A namespace that is being deleted takes nothing more, which is nobody's fault.
    const isUsual = error.message.includes("being terminated");
    log(isUsual || said.has(why) ? "debug" : "warn", `an Event was not written: ${messageOf(error)}`);
    if (!isUsual) said.add(why);
  };
}
