/** The progress of following a resource: the version that is known, and the failures since. Pure. */
import { type Absence, afterFailure, present } from "./absence.ts";
import type { Failure, Watched } from "./answer.ts";
import type { Timing } from "./timing.ts";
import { isOlder } from "./version.ts";

export type Progress = {
  /** Up to which everything is known. "" before the first list. */
  readonly version: string;
  readonly state: State;
  /** Why it is not well; "" while it is. */
  readonly message: string;
  /** Refusals and the like, in a row: they make the next wait longer. */
  readonly failures: number;
  /** Requests without an answer, in a row. */
  readonly unanswered: number;
  readonly absence: Absence;
  /** In a row: missing or refused. */
  readonly polls: number;
  /** The next list is to be what is true now, not what a server has in memory. */
  readonly isExact: boolean;
  /** Our version was refused as too old, and no event came since. */
  readonly isExpired: boolean;
  /** A list was empty where there were objects. */
  readonly isEmpty: boolean;
  readonly missingSince: number | undefined;
  readonly olderSince: number | undefined;
};

/** `synced`: there was a complete list. It stays so while the server is away. */
export type State = "unsynced" | "synced" | "missing" | "refused";

/** `version`: what was known before this process began. Nothing older than that counts. */
export function begin(version = ""): Progress {
  return {
    version,
    state: "unsynced",
    message: "",
    failures: 0,
    unanswered: 0,
    absence: present,
    polls: 0,
    isExact: false,
    isExpired: false,
    isEmpty: false,
    missingSince: undefined,
    olderSince: undefined,
  };
}

/** The server has begun to answer a watch. */
export function opened(progress: Progress): Progress {
  return progress.state === "synced" && progress.message === ""
    ? progress
    : { ...progress, state: "synced", message: "" };
}

/** An event or a bookmark. */
export function advanced(progress: Progress, version: string): Progress {
  const newest = isOlder(version, progress.version) ? progress.version : version;
  return { ...progress, version: newest, isExpired: false };
}

/** A list or watch failed. A server that has come back is asked as if nothing had failed before. */
export function metFailure(progress: Progress, failure: Failure, answers: number): Progress {
  const { absence, isBack } = afterFailure(progress.absence, answers, failure);
  return { ...progress, absence, ...(isBack && { failures: 0, unanswered: 0, polls: 0 }) };
}

export function failed(progress: Progress, message: string, state = progress.state): Progress {
  return { ...progress, state, message, failures: progress.failures + 1, polls: 0, missingSince: undefined };
}

export function unheard(progress: Progress, message: string): Progress {
  return { ...progress, message, unanswered: progress.unanswered + 1, polls: 0, missingSince: undefined };
}

/** A watch that went well for long: what failed before it is forgotten. */
export function rested(progress: Progress, { lasted }: Watched, { backOff }: Timing): Progress {
  return lasted >= backOff.good ? { ...progress, failures: 0, unanswered: 0, absence: present } : progress;
}
