/** The attachments that are not in step, in a file for `show`. It is rewritten a moment after something changes. */
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { removeTroubles, writeTroubles, type Troubled } from "../../state/live/troubles.ts";
import type { Records } from "../node/records.ts";
import { troubleOf } from "./pods.ts";
import { isUndecided, type Standing, type Standings } from "./standings.ts";

const settleMs = 200;

export type Noting = {
  readonly stateDir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly records: () => Records;
  readonly standings: Standings;
};

export function noteTroubles({ stateDir, log, signal, records, standings }: Noting): void {
  let last: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    timer = undefined;
    const troubles = troublesOf(records(), standings.all());
    const text = JSON.stringify(troubles);
    if (text === last) return;
    try {
      writeTroubles(stateDir, troubles);
      last = text;
    } catch (error) {
      log("error", `cannot write the states of pods that "show" reads: ${messageOf(error)}`);
    }
  };
  standings.whenChanged(() => {
    if (!signal.aborted) timer ??= setTimeout(write, settleMs);
  });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    try {
      removeTroubles(stateDir);
    } catch (error) {
      log("error", messageOf(error));
    }
  });
  write();
}

export function troublesOf(records: Records, standings: ReadonlyMap<string, Standing>): readonly Troubled[] {
  return [...records].flatMap(([attachment, { record }]) => {
    const standing = standings.get(attachment);
    const trouble = standing !== undefined && isUndecided(standing) ? outstanding : troubleOf(standing);
    return record === undefined || trouble === undefined ? [] : [{ ...record.identity, ...trouble }];
  });
}

const outstanding = { state: "pending", reason: "the node's agent is about to decide on it" } as const;
