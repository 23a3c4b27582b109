/** The objects and the state of a followed resource, and the notice of each change. */
import type { JsonObject } from "../cni/fields.ts";
import type { Item } from "./decode.ts";
import type { Step } from "./next.ts";
import { advanced, begin, opened, type Progress, type State } from "./progress.ts";
import { applied, type Change, type Changed, replaced, type Store } from "./store.ts";
import type { DataEvent } from "./watch.ts";

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
  /** What is kept of an item. */
  readonly trim: (item: Item) => Item;
  /** How many objects are known. */
  readonly count: () => number;
  /** The server has begun to answer a watch. */
  readonly open: () => void;
  readonly takeEvents: (events: readonly DataEvent[]) => void;
  /** `listed`: trimmed. */
  readonly takeAnswer: (step: Step, listed: readonly Item[]) => void;
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
  const trimmed = (item: Item): Item =>
    trim === undefined ? item : { ...item, object: guarded(() => trim(item.object), item.object) };
  const change = (next: Progress, { store: is, changes }: Changed, isComplete = now.isComplete): void => {
    const was = now;
    progress = next;
    store = is;
    now = followedOf(progress, store, isComplete);
    const isSame =
      was.state === now.state && was.message === now.message && was.isComplete === now.isComplete;
    if (!isSame || changes.length > 0) guarded(() => onChange(now, changes), undefined);
  };

  return {
    now: () => now,
    progress: () => progress,
    trim: trimmed,
    count: () => (now.isComplete ? store.size : (before?.count ?? 0)),
    open: () => change(opened(progress), { store, changes: [] }),
    takeEvents: (events) => {
      const objects = events
        .filter((one) => one.kind !== "bookmark")
        .map((one) => ({ ...one, item: trimmed(one.item) }));
      const next = events.reduce((so, one) => advanced(so, versionOf(one)), progress);
      change(next, applied(store, progress.version, objects));
    },
    takeAnswer: (step, listed) => {
      switch (step.store) {
        case "keep":
          return change(step.progress, { store, changes: [] });
        case "replace":
          return change(step.progress, replaced(store, listed), true);
        case "empty":
          return change(step.progress, replaced(store, []), true);
      }
    },
  };
}

function followedOf({ state, version, message }: Progress, store: Store, isComplete: boolean): Followed {
  let items: ReadonlyMap<string, JsonObject> | undefined;
  return {
    state,
    isComplete,
    version,
    // Not everybody asks for them, and there may be tens of thousands.
    get items() {
      return (items ??= new Map(Array.from(store, ([key, { object }]) => [key, object] as const)));
    },
    message,
  };
}

function versionOf(event: DataEvent): string {
  return event.kind === "bookmark" ? event.version : event.item.version;
}
