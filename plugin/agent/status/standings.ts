/**
 * How each attachment stands: whether a decision of it is outstanding, what came of the last one, and which objects it has something
 * of. For the report to the cluster and for `show`.
 */
import type { Outcome } from "./outcome.ts";

export type Standing = {
  /** How often a decision was asked for, and how many of these requests the last decision has seen. */
  readonly asked: number;
  readonly decided: number;
  /** undefined before the first decision. */
  readonly outcome: Outcome | undefined;
  /** By the last decision that was applied: "kind namespace/name uid" of each object, with its generation. */
  readonly has: Has;
  /** What of it is not as it should be in the kernel, and cannot be put back. */
  readonly drift: string | undefined;
};

export type Has = ReadonlyMap<string, number>;

export type Standings = {
  /** A decision is asked for. */
  readonly ask: (attachment: string) => void;
  /** It begins. What is asked from now on is asked anew. */
  readonly begin: (attachment: string) => number;
  /** `has`: of a decision that was applied. */
  readonly end: (attachment: string, begun: number, outcome: Outcome, has?: Has) => void;
  /** It was read back; undefined: all is well. */
  readonly look: (attachment: string, drift: string | undefined) => void;
  /** Forgets attachments that have no record any more. */
  readonly keepOnly: (attachments: { readonly has: (attachment: string) => boolean }) => void;
  readonly all: () => ReadonlyMap<string, Standing>;
  /** Calls after each change. */
  readonly whenChanged: (call: () => void) => void;
};

export function isUndecided({ asked, decided }: Standing): boolean {
  return asked > decided;
}

export function createStandings(): Standings {
  const all = new Map<string, Standing>();
  const waiting: (() => void)[] = [];
  const of = (attachment: string): Standing => all.get(attachment) ?? unknown;
  const set = (attachment: string, now: Standing): void => {
    all.set(attachment, now);
    for (const call of waiting) call();
  };
  return {
    ask: (attachment) => set(attachment, { ...of(attachment), asked: of(attachment).asked + 1 }),
    begin: (attachment) => of(attachment).asked,
    end: (attachment, decided, outcome, has = of(attachment).has) =>
      set(attachment, { ...of(attachment), decided, outcome, has }),
    look: (attachment, drift) => {
      if (of(attachment).drift !== drift) set(attachment, { ...of(attachment), drift });
    },
    keepOnly: (attachments) => {
      const gone = [...all.keys()].filter((each) => !attachments.has(each));
      for (const each of gone) all.delete(each);
      if (gone.length > 0) for (const call of waiting) call();
    },
    all: () => all,
    whenChanged: (call) => void waiting.push(call),
  };
}

const unknown: Standing = { asked: 0, decided: 0, outcome: undefined, has: new Map(), drift: undefined };
