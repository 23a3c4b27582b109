/**
 * From the moment that a connection breaks or is made anew, updates are held back until the server has said that it still serves
 * our cluster: another one may answer at the same address by now, and its lists lack what ours has. Starts nothing, asks nobody.
 */
import type { Notice } from "../../kube/follow.ts";
import type { ResourceName } from "../../knowledge/snapshot.ts";
import type { Handlers } from "./following.ts";
import type { ResourceUpdate } from "./resource-update.ts";

export type Doubt = Pick<Handlers, "onUpdate" | "onNotice"> & {
  /** How often there was a reason to doubt. Note it before you ask the server. */
  readonly count: () => number;
  /** The server, asked when there were that many reasons, is ours: its updates are handed on unless there is a newer reason. */
  readonly settle: (count: number) => void;
  /** Calls at once where there is none; else, of the calls of that name, the last once it is settled. */
  readonly whenSettled: (name: string, call: () => void) => void;
  readonly isOpen: () => boolean;
  readonly whenRaised: (call: () => void) => () => void;
};

/** Once there is none: what is written goes to our cluster alone. Throws when the signal ends it: the server is another's. */
export function untilSettled(
  { whenSettled }: Pick<Doubt, "whenSettled">,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error("the API server belongs to another cluster"));
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    whenSettled(name, () => {
      signal.removeEventListener("abort", end);
      resolve();
    });
  });
}

export function createDoubt({ onUpdate, onNotice }: Pick<Handlers, "onUpdate" | "onNotice">): Doubt {
  const held = new Map<ResourceName, ResourceUpdate>();
  const heldCalls = new Map<string, () => void>();
  const waiting = new Set<() => void>();
  let count = 0;
  let settled = 0;
  const isOpen = (): boolean => settled !== count;
  return {
    onUpdate: (update) => {
      if (!isOpen()) return onUpdate(update);
      held.set(update.resource, joined(held.get(update.resource), update));
      // That a resource cannot be read is no other cluster's word.
      if (update.is.state !== "synced") onUpdate({ ...update, items: undefined });
    },
    onNotice: (resource, notice, selection) => {
      onNotice(resource, notice, selection);
      if (!isReason(notice)) return;
      count += 1;
      for (const call of waiting) call();
    },
    count: () => count,
    settle: (asked) => {
      settled = asked;
      if (isOpen()) return;
      const all = [...held.values()];
      held.clear();
      all.forEach(onUpdate);
      const calls = [...heldCalls.values()];
      heldCalls.clear();
      calls.forEach((call) => call());
    },
    whenSettled: (name, call) => {
      if (isOpen()) heldCalls.set(name, call);
      else call();
    },
    isOpen,
    whenRaised: (call) => {
      waiting.add(call);
      return () => void waiting.delete(call);
    },
  };
}

/** A watch that begins may have begun at another server than the one before. */
function isReason({ kind }: Notice): boolean {
  switch (kind) {
    case "failed":
    case "watching":
      return true;
    case "listed":
    case "silent":
    case "threw":
      return false;
  }
}

function joined(
  before: ResourceUpdate | undefined,
  { items = before?.items, ...update }: ResourceUpdate,
): ResourceUpdate {
  return { ...update, items };
}
