/** The state of each attachment, for /metrics, and whether all have been decided since the start, for /readyz. */
import type { Reapplied } from "../attachment/reapply.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "./metrics.ts";

/** "ending": found without its namespace, and not undone yet. */
type State = Exclude<Reapplied["kind"], "alive"> | "ending" | "absent" | "finished";

export type States = {
  readonly note: (attachment: string, state: State) => void;
  /** A log for one attachment: the same text is logged once, until the attachment is well again. */
  readonly sayingOnce: (attachment: string, log: Log) => Log;
  readonly isEnding: (attachment: string) => boolean;
  /** What has to be decided once before the agent is ready. */
  readonly expect: (attachments: readonly string[]) => void;
  /** Forgets attachments that have no record any more. */
  readonly keepOnly: (attachments: { readonly has: (attachment: string) => boolean }) => void;
  /** All that decisions need is known. */
  readonly setInStep: () => void;
  readonly isInStep: () => boolean;
  /** Decisions must wait, and why; undefined: for the usual reason. */
  readonly setOutOfStep: (why: string | undefined) => void;
  /** The watch of pods works again. */
  readonly setInTouch: () => void;
  /** Calls when the heartbeat must change at once: in step, out of step, or the watch of pods works again. */
  readonly whenStepChanges: (call: () => void) => void;
  /** Why not ready yet; undefined when it is. */
  readonly unready: () => string | undefined;
};

export function createStates({ pods }: Metrics): States {
  const states = new Map<string, State>();
  const expected = new Set<string>();
  const said = new Map<string, Set<string>>();
  const waiting: (() => void)[] = [];
  let isInStep = false;
  let why: string | undefined;
  const setStep = (now: boolean, reason: string | undefined): void => {
    const isOther = isInStep !== now;
    [isInStep, why] = [now, reason];
    if (isOther) for (const call of waiting) call();
  };
  const count = (): void => {
    pods.reset();
    for (const [state, each] of Map.groupBy(states.values(), inMetrics)) pods.set({ state }, each.length);
  };
  return {
    note: (attachment, state) => {
      states.set(attachment, state);
      if (!lasting.has(state)) said.delete(attachment);
      expected.delete(attachment);
      count();
    },
    sayingOnce: (attachment, log) => (level, text) => {
      const before = said.get(attachment) ?? new Set();
      log(before.has(text) ? "debug" : level, text);
      if (level !== "debug") said.set(attachment, before.add(text));
    },
    isEnding: (attachment) => states.get(attachment) === "ending",
    expect: (attachments) => attachments.forEach((each) => expected.add(each)),
    keepOnly: (attachments) => {
      const gone = [...states.keys(), ...expected].filter((each) => !attachments.has(each));
      for (const each of gone) {
        states.delete(each);
        said.delete(each);
        expected.delete(each);
      }
      if (gone.length > 0) count();
    },
    setInStep: () => setStep(true, undefined),
    setInTouch: () => waiting.forEach((call) => call()),
    setOutOfStep: (reason) => setStep(false, reason),
    isInStep: () => isInStep,
    whenStepChanges: (call) => void waiting.push(call),
    unready: () =>
      !isInStep
        ? (why ?? "waiting for pods and objects from the API")
        : expected.size === 0
          ? undefined
          : `${expected.size} attachments have not been decided since the start`,
  };
}

/** In which the same is found again and again. */
const lasting: ReadonlySet<State> = new Set(["refused", "failed", "busy", "absent", "hidden", "incomplete"]);

function inMetrics(state: State): string {
  return state === "same" || state === "changed" ? "in_step" : state;
}
