/** The objects of a resource as the API last showed them, and what an answer changes about them. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import type { Item } from "./decode.ts";
import { isOlder } from "./version.ts";

export type Store = ReadonlyMap<string, Item>;

/** One name may stand for two changes: an object that has another UID is another object. */
export type Change =
  | { readonly kind: "added"; readonly key: string; readonly is: JsonObject }
  | { readonly kind: "changed"; readonly key: string; readonly was: JsonObject; readonly is: JsonObject }
  | { readonly kind: "deleted"; readonly key: string; readonly was: JsonObject };

export type Changed = { readonly store: Store; readonly changes: readonly Change[] };

/** A complete list takes the store's place. */
export function replaced(store: Store, items: readonly Item[]): Changed {
  const next = new Map(items.map((item) => [item.key, item]));
  const gone = [...store].filter(([key]) => !next.has(key)).map(([key, was]) => deleted(key, was));
  return { store: next, changes: [...gone, ...items.flatMap((is) => between(store, is))] };
}

export type ObjectEvent = { readonly kind: "is" | "gone"; readonly item: Item };

/** An event that is older than what is known changes nothing: it came from a server that is behind. */
export function applied(store: Store, version: string, events: readonly ObjectEvent[]): Changed {
  const next = new Map(store);
  const changes: Change[] = [];
  let newest = version;
  for (const { kind, item } of events) {
    if (isOlder(item.version, newest)) continue;
    newest = item.version;
    const was = next.get(item.key);
    switch (kind) {
      case "is":
        changes.push(...between(next, item));
        next.set(item.key, item);
        break;
      case "gone":
        if (was === undefined) break;
        changes.push(deleted(item.key, was));
        next.delete(item.key);
    }
  }
  return { store: next, changes };
}

function between(store: Store, { key, uid, version, object: is }: Item): readonly Change[] {
  const was = store.get(key);
  if (was === undefined) return [{ kind: "added", key, is }];
  if (was.uid !== uid) return [deleted(key, was), { kind: "added", key, is }];
  return was.version === version ? [] : [{ kind: "changed", key, was: was.object, is }];
}

function deleted(key: string, { object: was }: Item): Change {
  return { kind: "deleted", key, was };
}
