/**
 * Follows one resource: a list, then its changes, until the signal. `next.ts` decides each step; here are the requests and the
 * waiting.
 *
 *   list ──► the store is replaced ──► watch ──► events change the store ─┬─► watch again, from the last version
 *    ▲                                                                   └─► the version is too old, or refused: list
 *    └── wait ◄── refused, missing, no answer
 *
 * Nothing ends it but the signal: not an error of the server, not a handler that throws.
 */
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import type { Item } from "./decode.ts";
import { ServerError } from "./errors.ts";
import { type Followed, type Held, type HeldOptions, hold } from "./held.ts";
import { list } from "./list.ts";
import { pause } from "./pause.ts";
import type { Answer, Failure, Watched } from "./answer.ts";
import type { Ask } from "./ask.ts";
import { firstAsk, next, type Step } from "./next.ts";
import type { Resource } from "./resource.ts";
import { type DataEvent, watch } from "./watch.ts";

export type { Followed } from "./held.ts";
export type { Change } from "./store.ts";

export type FollowOptions = Omit<HeldOptions, "onThrown"> & {
  readonly connection: Connection;
  readonly resource: Resource;
  readonly onNotice?: (notice: Notice) => void;
  readonly signal: AbortSignal;
};

/** For logs and metrics; nothing that a decision needs. */
export type Notice =
  | { readonly kind: "listed"; readonly count: number; readonly version: string }
  | { readonly kind: "watching"; readonly version: string }
  | {
      readonly kind: "failed";
      readonly during: "list" | "watch";
      readonly message: string;
      readonly wait: number;
    }
  | { readonly kind: "silent" }
  | { readonly kind: "threw"; readonly error: unknown };

export type Following = {
  readonly now: () => Followed;
  /** When the signal has ended it. */
  readonly ended: Promise<void>;
};

export function follow({ onNotice, ...options }: FollowOptions): Following {
  const tell = (notice: Notice): void => {
    try {
      onNotice?.(notice);
    } catch {
      // An error of the handler that reports errors can be reported nowhere.
    }
  };
  const held = hold({ ...options, onThrown: (error) => tell({ kind: "threw", error }) });
  return { now: held.now, ended: run({ ...options, held, tell }) };
}

type Loop = Omit<FollowOptions, "onNotice"> & {
  readonly held: Held;
  readonly tell: (notice: Notice) => void;
};

async function run(loop: Loop): Promise<void> {
  const { connection, signal, held, tell } = loop;
  let ask = firstAsk(held.progress());
  for (;;) {
    const { after, wokenAfter } = ask;
    await pause(after, signal, wokenAfter === undefined ? undefined : connection.whenAnswered, wokenAfter);
    if (signal.aborted) return;
    const { answer, items = [] } = ask.kind === "list" ? await listed(loop, ask) : await watched(loop, ask);
    if (signal.aborted) return;
    const chances = { now: performance.now(), chance: Math.random() };
    const { timing, answers } = connection;
    const step = next(held.progress(), answer, { ...chances, answers: answers(), timing });
    held.takeAnswer(step, items);
    const notice = noticeOf(answer, step);
    if (notice !== undefined) tell(notice);
    ({ ask } = step);
  }
}

type Answered = { readonly answer: Answer; readonly items?: readonly Item[] };

async function listed({ connection, resource, signal, held }: Loop, { at }: Ask): Promise<Answered> {
  try {
    const { items, version } = await list({ connection, resource, at, signal, trim: held.trim });
    return { answer: { kind: "listed", version, count: items.length, had: held.count() }, items };
  } catch (error) {
    return { answer: { kind: "list failed", failure: failureOf(error) } };
  }
}

async function watched({ connection, resource, signal, held, tell }: Loop, { at }: Ask): Promise<Answered> {
  const { least, most } = connection.timing.watchSeconds;
  const seconds = Math.round(least + Math.random() * (most - least));
  let openedAt: number | undefined;
  let hasEvents = false;
  const onOpen = (): void => {
    openedAt = performance.now();
    held.open();
    tell({ kind: "watching", version: at });
  };
  const onEvents = (events: readonly DataEvent[]): void => {
    hasEvents = true;
    held.takeEvents(events);
  };
  const soFar = (): Watched => ({
    lasted: openedAt === undefined ? 0 : performance.now() - openedAt,
    hasEvents,
  });
  try {
    const end = await watch({ connection, resource, at, seconds, signal, onOpen, onEvents });
    return { answer: { kind: end === "silent" ? "watch silent" : "watch ended", watched: soFar() } };
  } catch (error) {
    return { answer: { kind: "watch failed", failure: failureOf(error), watched: soFar() } };
  }
}

function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  if (!(error instanceof ServerError)) return { message };
  const { status, isAhead, retryAfter } = error;
  return { status, isAhead, message, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

function noticeOf(answer: Answer, { ask, progress }: Step): Notice | undefined {
  const failed = (during: "list" | "watch", message: string): Notice => ({
    kind: "failed",
    during,
    message,
    wait: ask.after,
  });
  switch (answer.kind) {
    case "listed":
      if (progress.message !== "") return failed("list", progress.message);
      return { kind: "listed", count: answer.count, version: answer.version };
    case "list failed":
      return failed("list", answer.failure.message);
    case "watch failed":
      return failed("watch", answer.failure.message);
    case "watch ended":
      return ask.after === 0 ? undefined : failed("watch", progress.message);
    case "watch silent":
      return { kind: "silent" };
  }
}
