/**
 * Which pods the rules of this node's attachments name as destinations, and what the API has of them. A selection is followed
 * while a decision here asks for it. What comes of a change goes the way of all news: the attachments that ask are decided again.
 */
import {
  addressesOn,
  selectedBy,
  textOf,
  type Destinations as Find,
  type PodsAsked,
  type Selected,
} from "../knowledge/destinations.ts";
import type { Snapshot } from "../knowledge/snapshot.ts";
import type { FollowPods, PodSelection } from "./api/following-pods.ts";
import { keyOf, labelsIn, podsIn, watchesOf, type Wanted, type Watched } from "./destination-watches.ts";
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

type Followed = Watched & { readonly end: AbortController };

/** What entries of rules name: attachments share them. */
type Entry = { readonly asked: PodsAsked; readonly selected: Selected };

export function createDestinations(
  namespaces: () => Snapshot["namespaces"],
  tell: (news: News) => void,
): Destinations {
  /** By attachment, the texts of the entries that its rules have. */
  const asks = new Map<string, readonly string[]>();
  const entries = new Map<string, Entry>();
  /** By label, what all entries name together. */
  let wanted: ReadonlyMap<string, Wanted> = new Map();
  const followed = new Map<string, Followed>();
  let follow: FollowPods | undefined;
  let begun = 0;

  const tellThose = (texts: ReadonlySet<string>): void => {
    const attachments = [...asks].flatMap(([attachment, its]) =>
      its.some((text) => texts.has(text)) ? [attachment] : [],
    );
    if (attachments.length > 0) tell({ kind: "destinations", attachments });
  };
  const begin = (selection: PodSelection): void => {
    const key = keyOf(selection);
    if (follow === undefined || followed.has(key)) return;
    const its: Followed = { number: (begun += 1), end: new AbortController(), pods: undefined };
    followed.set(key, its);
    follow(selection, its.end.signal, (pods, changed) => {
      const { labels, namespace } = selection;
      // Also a namespace that was not known until now, though its list is empty.
      const isNew = (name: string): boolean =>
        (namespace ?? name) === name && (changed.has(name) || podsIn(name, labels, followed) === undefined);
      const about = entriesOf((each) => each.labels === labels && each.namespaces.some(isNew));
      its.pods = pods;
      const now = wanted.get(labels);
      if (now !== undefined) followBy(now);
      tellThose(new Set(about.filter(isKnown)));
    });
  };
  const followBy = (each: Wanted): void => {
    const selections = watchesOf(each, followed);
    const keys = new Set(selections.map(keyOf));
    endAll((key) => labelsIn(key) === each.labels && !keys.has(key));
    selections.forEach(begin);
  };
  const endAll = (isOver: (key: string) => boolean): void => {
    for (const [key, { end }] of followed) {
      if (!isOver(key)) continue;
      end.abort();
      followed.delete(key);
    }
  };
  const followAsked = (): void => {
    wanted = wantedBy(entries.values());
    endAll((key) => !wanted.has(labelsIn(key)));
    for (const each of wanted.values()) followBy(each);
  };
  const keepAsked = (): void => {
    const named = new Set([...asks.values()].flat());
    for (const text of entries.keys()) if (!named.has(text)) entries.delete(text);
    followAsked();
  };
  /** What is not known is news when it arrives. */
  const isKnown = (text: string): boolean => {
    const { labels = "", namespaces: names = [] } = entries.get(text)?.selected ?? {};
    return names.every((name) => podsIn(name, labels, followed) !== undefined);
  };
  const entriesOf = (isMeant: (selected: Selected) => boolean): readonly string[] =>
    Array.from(entries).flatMap(([text, { selected }]) => (isMeant(selected) ? [text] : []));
  return {
    find: ({ network, ...asked }) => {
      const { labels, namespaces: names } =
        entries.get(textOf(asked))?.selected ?? selectedBy(asked, namespaces());
      const found = names.map((name) => podsIn(name, labels, followed));
      if (found.includes(undefined)) return undefined;
      return found.flatMap((pods) => [...(pods?.values() ?? [])]).flatMap((pod) => addressesOn(network, pod));
    },
    note: (attachment, asked) => {
      const before = asks.get(attachment) ?? [];
      const texts = [...new Set(asked.map(textOf))].toSorted();
      if (texts.join() === before.join()) return;
      for (const each of asked) {
        const text = textOf(each);
        if (!entries.has(text)) entries.set(text, { asked: each, selected: selectedBy(each, namespaces()) });
      }
      if (texts.length === 0) asks.delete(attachment);
      else asks.set(attachment, texts);
      keepAsked();
      // A change that arrived during its decision was news only for those that asked before.
      if (texts.some(isKnown)) tell({ kind: "destinations", attachments: [attachment] });
    },
    keepOnly: (attachments) => {
      const gone = [...asks.keys()].filter((each) => !attachments.has(each));
      for (const each of gone) asks.delete(each);
      if (gone.length > 0) keepAsked();
    },
    namespacesChanged: () => {
      const others = new Set<string>();
      for (const [text, { asked, selected: before }] of entries) {
        const selected = selectedBy(asked, namespaces());
        if (isSame(before, selected)) continue;
        entries.set(text, { asked, selected });
        others.add(text);
      }
      if (others.size === 0) return;
      followAsked();
      tellThose(others);
    },
    connect: (call) => {
      follow = call;
      followAsked();
    },
    disconnect: () => {
      follow = undefined;
      endAll(() => true);
    },
  };
}

function wantedBy(entries: Iterable<Entry>): ReadonlyMap<string, Wanted> {
  const byLabels = Map.groupBy(
    Array.from(entries, ({ selected }) => selected),
    ({ labels }) => labels,
  );
  return new Map(
    Array.from(byLabels, ([labels, all]) => {
      const names = new Set(all.flatMap((each) => each.namespaces));
      const isEverywhere = all.some((each) => each.isEverywhere);
      return [labels, { labels, namespaces: names, isEverywhere }];
    }),
  );
}

function isSame(one: Selected, other: Selected): boolean {
  return one.namespaces.toSorted().join() === other.namespaces.toSorted().join();
}
