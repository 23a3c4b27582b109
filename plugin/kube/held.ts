/** What is known of a resource, and whom to notify when that changes. */
import type { JsonObject } from "../cni/fields.ts";
import type { Known } from "./decode.ts";
import type { Step } from "./next.ts";
import { begin, heard, opened, type Progress, type State } from "./progress.ts";
import { applied, type Change, type Changed, replaced, type Store } from "./store.ts";
import type { Told } from "./watch.ts";

export type Followed = {
  /** `synced` stays while the server is away. */
  readonly state: State;
  /** The items are all there are: there was a list, or the resource has been missing for ten minutes. */
  readonly isComplete: boolean;
  readonly version: string;
  /** By namespace/name. managedFields are left out. */
  readonly items: ReadonlyMap<string, JsonObject>;
  /** Why it is not well; "" while it is. */
  readonly message: string;
};

export type HeldOptions = {
  /** Once per list and per piece of a watch; without changes where only the state or the message is new. */
  readonly onChange: (now: Followed, changes: readonly Change[]) => void;
  readonly onThrown: (error: unknown) => void;
  /** What was known before this process began: nothing older counts, and an empty list is asked for twice. */
  readonly before?: { readonly version: string; readonly count: number } | undefined;
  /** What is kept of an object, to save memory. */
  readonly trim?: ((object: JsonObject) => JsonObject) | undefined;
};

export type Held = {
  readonly now: () => Followed;
  readonly progress: () => Progress;
  /** How many objects are known. */
  readonly count: () => number;
  /** The server has begun to answer a watch. */
  readonly open: () => void;
  readonly hear: (told: readonly Told[]) => void;
  readonly take: (step: Step, listed: readonly Known[]) => void;
};

export function hold({ onChange, onThrown, before, trim }: HeldOptions): Held {
  let progress = begin(before?.version);
  let store: Store = new Map();
  let now = followedOf(progress, store, false);

  /** A handler that throws must not end the watch. */
  const guarded = <Value>(call: () => Value, otherwise: Value): Value => {
    try {
      return call();
    } catch (error) {
      onThrown(error);
      return otherwise;
    }
  };
  const trimmed = (known: Known): Known =>
    trim === undefined ? known : { ...known, object: guarded(() => trim(known.object), known.object) };
  const change = (next: Progress, { store: is, changes }: Changed, isComplete = now.isComplete): void => {
    const was = now;
    progress = next;
    store = is;
    now = followedOf(progress, store, isComplete, changes.length === 0 ? was.items : undefined);
    const isSame =
      was.state === now.state && was.message === now.message && was.isComplete === now.isComplete;
    if (!isSame || changes.length > 0) guarded(() => onChange(now, changes), undefined);
  };

  return {
    now: () => now,
    progress: () => progress,
    count: () => (now.isComplete ? store.size : (before?.count ?? 0)),
    open: () => change(opened(progress), { store, changes: [] }),
    hear: (told) => {
      const objects = told
        .filter((one) => one.kind !== "bookmark")
        .map((one) => ({ ...one, known: trimmed(one.known) }));
      const next = told.reduce((so, one) => heard(so, versionOf(one)), progress);
      change(next, applied(store, progress.version, objects));
    },
    take: (step, listed) => {
      switch (step.store) {
        case "keep":
          return change(step.progress, { store, changes: [] });
        case "replace":
          return change(step.progress, replaced(store, listed.map(trimmed)), true);
        case "empty":
          return change(step.progress, replaced(store, []), true);
      }
    },
  };
}

function followedOf(
  { state, version, message }: Progress,
  store: Store,
  isComplete: boolean,
  same?: ReadonlyMap<string, JsonObject>,
): Followed {
  const items = same ?? new Map([...store].map(([key, { object }]) => [key, object] as const));
  return { state, isComplete, version, items, message };
}

function versionOf(told: Told): string {
  return told.kind === "bookmark" ? told.version : told.known.version;
}
