/**
 * Which pods the rules of this node's attachments name as destinations, and what the API has of them. A selection is followed
 * while a decision here asks for it. What comes of a change goes the way of all news: the attachments that ask are decided again.
 */
import {
  addressesOn,
  selectionsOf,
  type Destinations as Find,
  type PodsAsked,
  type PodSelection,
} from "../knowledge/destinations.ts";
import type { Snapshot } from "../knowledge/snapshot.ts";
import type { DestinationPods, FollowPods } from "./api/following-pods.ts";
import type { News } from "./news.ts";

export type Destinations = {
  readonly find: Find;
  /** What an attachment's rules name by now. */
  readonly note: (attachment: string, asked: readonly PodsAsked[]) => void;
  /** Forgets attachments that have no record any more. */
  readonly keepOnly: (attachments: { readonly has: (attachment: string) => boolean }) => void;
  /** Namespaces came or went, or have other labels. */
  readonly namespacesChanged: () => void;
  readonly connect: (follow: FollowPods) => void;
  /** The server is another cluster's. */
  readonly disconnect: () => void;
};

type Followed = { readonly end: AbortController; pods: DestinationPods | undefined };

export function createDestinations(
  namespaces: () => Snapshot["namespaces"],
  tell: (news: News) => void,
): Destinations {
  const asks = new Map<string, Ask>();
  const followed = new Map<string, Followed>();
  let follow: FollowPods | undefined;

  const tellAbout = (isAbout: (ask: Ask) => boolean): void => {
    const attachments = [...asks].flatMap(([attachment, ask]) => (isAbout(ask) ? [attachment] : []));
    if (attachments.length > 0) tell({ kind: "destinations", attachments });
  };
  const begin = (selection: PodSelection): void => {
    const key = keyOf(selection);
    if (follow === undefined || followed.has(key)) return;
    const its: Followed = { end: new AbortController(), pods: undefined };
    followed.set(key, its);
    follow(selection, its.end.signal, (pods) => {
      const before = its.pods;
      its.pods = pods;
      if (before === undefined || !areSame(before, pods)) tellAbout(({ keys }) => keys.includes(key));
    });
  };
  const followAsked = (): void => {
    const wanted = new Set([...asks.values()].flatMap(({ keys }) => keys));
    for (const [key, { end }] of followed) {
      if (wanted.has(key)) continue;
      end.abort();
      followed.delete(key);
    }
    for (const { selections } of asks.values()) selections.forEach(begin);
  };
  const noteOne = (attachment: string, asked: readonly PodsAsked[]): void => {
    if (asked.length === 0) asks.delete(attachment);
    else asks.set(attachment, askOf(asked, namespaces()));
  };
  /** If it has not arrived yet, its arrival is news for every attachment that asks for it. */
  const isKnown = ({ keys }: Ask): boolean =>
    keys.length === 0 || keys.some((key) => followed.get(key)?.pods !== undefined);
  return {
    find: ({ network, ...asked }) => {
      const found = selectionsOf(asked, namespaces()).map((each) => followed.get(keyOf(each))?.pods);
      if (found.includes(undefined)) return undefined;
      return found.flatMap((pods) => [...(pods?.values() ?? [])]).flatMap((pod) => addressesOn(network, pod));
    },
    note: (attachment, asked) => {
      const before = asks.get(attachment);
      if (asked.length === 0 && before === undefined) return;
      noteOne(attachment, asked);
      followAsked();
      // A change that arrived during its decision was news only for those that asked before.
      const now = asks.get(attachment);
      if (now !== undefined && !asksSame(before, now) && isKnown(now))
        tell({ kind: "destinations", attachments: [attachment] });
    },
    keepOnly: (attachments) => {
      const gone = [...asks.keys()].filter((each) => !attachments.has(each));
      for (const each of gone) asks.delete(each);
      if (gone.length > 0) followAsked();
    },
    namespacesChanged: () => {
      const others = new Set<Ask>();
      for (const [attachment, before] of asks) {
        const now = askOf(before.asked, namespaces());
        if (asksSame(before, now)) continue;
        asks.set(attachment, now);
        others.add(now);
      }
      if (others.size === 0) return;
      followAsked();
      tellAbout((ask) => others.has(ask));
    },
    connect: (call) => {
      follow = call;
      followAsked();
    },
    disconnect: () => {
      follow = undefined;
      for (const { end } of followed.values()) end.abort();
      followed.clear();
    },
  };
}

type Ask = {
  readonly asked: readonly PodsAsked[];
  readonly selections: readonly PodSelection[];
  readonly keys: readonly string[];
};

function askOf(asked: readonly PodsAsked[], namespaces: Snapshot["namespaces"]): Ask {
  const selections = asked.flatMap((each) => selectionsOf(each, namespaces));
  return { asked, selections, keys: [...new Set(selections.map(keyOf))].toSorted() };
}

function asksSame(before: Ask | undefined, now: Ask): boolean {
  return before?.keys.join("\n") === now.keys.join("\n");
}

/** No name of a namespace has a blank. */
function keyOf({ namespace, labels }: PodSelection): string {
  return `${namespace} ${labels}`;
}

/** Most events of a pod are about what nobody sends to. */
function areSame(before: DestinationPods, now: DestinationPods): boolean {
  if (before.size !== now.size) return false;
  return [...now].every(([key, pod]) => {
    const was = before.get(key);
    return was === pod || JSON.stringify(was) === JSON.stringify(pod);
  });
}
