/** What is followed of other pods, for as long as rules here name them, and who is decided again. */
import { describe, expect, it } from "vitest";
import { createDestinations } from "../../../plugin/agent/destinations.ts";
import type { DestinationPods } from "../../../plugin/agent/api/following-pods.ts";
import type { News } from "../../../plugin/agent/news.ts";
import type { PodsAsked } from "../../../plugin/knowledge/destinations.ts";
import type { KnownNamespace } from "../../../plugin/knowledge/snapshot.ts";

const open = () => {
  const world = { namespaces: {} as Record<string, KnownNamespace> };
  const told: (readonly string[])[] = [];
  const watches = new Map<string, (pods: DestinationPods) => void>();
  const before = new Map<string, DestinationPods>();
  const tell = (news: News): void => {
    if (news.kind === "destinations") told.push(news.attachments);
  };
  const all = createDestinations(() => world.namespaces, tell);
  const connect = (): void =>
    all.connect(({ namespace, labels }, signal, onPods) => {
      const key = `${namespace ?? "*"} ${labels}`;
      // Other namespaces than those with other pods are never among the changed.
      watches.set(key, (pods) => {
        const names = new Set([...pods.keys(), ...(before.get(key)?.keys() ?? [])]);
        const isOther = (name: string): boolean =>
          JSON.stringify([...(pods.get(name) ?? [])]) !==
          JSON.stringify([...(before.get(key)?.get(name) ?? [])]);
        const changed = new Set([...names].filter(isOther));
        const isFirst = !before.has(key);
        before.set(key, pods);
        if (isFirst || changed.size > 0) onPods(pods, changed);
      });
      signal.addEventListener("abort", () => {
        watches.delete(key);
        before.delete(key);
      });
    });
  connect();
  return { all, world, told, watches, connect };
};
const inApp = (app: string, more: Partial<PodsAsked> = {}): PodsAsked => ({
  peer: { podSelector: [{ key: "app", operator: "In", values: [app] }], namespaceSelector: undefined },
  namespace: "prod",
  network: "default",
  ...more,
});
const labelled = (team: string): KnownNamespace => ({ uid: "u", labels: { team }, annotations: {} });
const podsOf = (all: Readonly<Record<string, readonly string[]>>): DestinationPods =>
  new Map(
    Object.entries(all).map(([namespace, addresses]) => [
      namespace,
      new Map(
        addresses.map((address) => [`${namespace}/${address}`, { addresses: [address], attached: [] }]),
      ),
    ]),
  );
const pods = (...addresses: readonly string[]): DestinationPods => podsOf({ prod: addresses });

it("follows a selection once, for as long as an attachment asks for it, and knows nothing before it has all", () => {
  const { all, told, watches } = open();
  all.note("a", [inApp("db")]);
  all.note("b", [inApp("db"), inApp("web")]);
  expect([...watches.keys()]).toEqual(["prod app=db", "prod app=web"]);
  expect(all.find(inApp("db"))).toBeUndefined();
  watches.get("prod app=db")?.(pods());
  expect(all.find(inApp("db"))).toEqual([]);
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  expect(all.find(inApp("db"))).toEqual(["10.0.0.1"]);
  expect(told).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  all.note("b", [inApp("web")]);
  expect([...watches.keys()]).toEqual(["prod app=db", "prod app=web"]);
  all.keepOnly(new Set(["b"]));
  expect([...watches.keys()]).toEqual(["prod app=web"]);
  all.note("b", []);
  expect([...watches.keys()]).toEqual([]);
});

it("one that asks for what is followed already is decided once more: it may have changed meanwhile", () => {
  const { all, told, watches } = open();
  all.note("a", [inApp("db")]);
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  expect(all.find(inApp("db"))).toEqual(["10.0.0.1"]);
  watches.get("prod app=db")?.(pods("10.0.0.2"));
  expect(told).toEqual([["a"], ["a"]]);
  all.note("b", [inApp("db")]);
  expect(told.slice(2)).toEqual([["b"]]);
  // It is decided by what is known now: that asks for no further decision.
  all.note("b", [inApp("db")]);
  all.note("a", [inApp("db")]);
  expect(told).toHaveLength(3);
});

it("one that asks also for what is followed already is decided once more, one that asks for nothing any more is not", () => {
  const { all, told, watches } = open();
  all.note("a", [inApp("db")]);
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  all.note("b", [inApp("web")]);
  expect(told).toEqual([["a"]]);
  all.note("b", [inApp("db"), inApp("web")]);
  expect(told.slice(1)).toEqual([["b"]]);
  all.note("b", []);
  expect(told).toHaveLength(2);
});

it("tells nobody of what changes no address", () => {
  const { all, told, watches } = open();
  all.note("a", [inApp("db")]);
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  expect(told).toEqual([["a"]]);
});

it("namespaces that come, go or change their labels are followed and left", () => {
  const { all, world, told, watches } = open();
  const everywhere = inApp("db", {
    peer: { podSelector: [], namespaceSelector: [{ key: "team", operator: "In", values: ["a"] }] },
  });
  world.namespaces = { one: labelled("a"), two: labelled("b") };
  all.note("a", [everywhere]);
  all.note("b", [inApp("db")]);
  watches.get("one ")?.(podsOf({ one: ["10.0.0.1"] }));
  expect(all.find(everywhere)).toEqual(["10.0.0.1"]);
  world.namespaces = { one: labelled("a"), two: labelled("a") };
  all.namespacesChanged();
  expect(all.find(everywhere)).toBeUndefined();
  watches.get("two ")?.(podsOf({ two: ["10.0.0.2"] }));
  expect(all.find(everywhere)).toEqual(["10.0.0.1", "10.0.0.2"]);
  world.namespaces = { two: labelled("a") };
  all.namespacesChanged();
  expect(all.find(everywhere)).toEqual(["10.0.0.2"]);
  expect([...watches.keys()].toSorted()).toEqual(["prod app=db", "two "]);
  expect(told).toEqual([["a"], ["a"], ["a"], ["a"]]);
});

it("of another cluster's server nothing is known, and all is followed anew when it is ours again", () => {
  const { all, watches, connect } = open();
  all.note("a", [inApp("db")]);
  watches.get("prod app=db")?.(pods("10.0.0.1"));
  all.disconnect();
  expect([...watches.keys()]).toEqual([]);
  expect(all.find(inApp("db"))).toBeUndefined();
  connect();
  expect([...watches.keys()]).toEqual(["prod app=db"]);
});

const everywhere = inApp("db", {
  peer: {
    podSelector: [{ key: "app", operator: "In", values: ["db"] }],
    namespaceSelector: [{ key: "team", operator: "In", values: ["a"] }],
  },
});
const named = (count: number): Record<string, KnownNamespace> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, labelled("a")]));
const filled = (count: number, more: Readonly<Record<string, readonly string[]>> = {}) =>
  podsOf({
    ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`n${at}`, [`10.0.0.${at}`]])),
    ...more,
  });
const addresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `10.0.0.${at}`);
const fill = ({ watches }: ReturnType<typeof open>, count: number): void => {
  for (let at = 0; at < count; at += 1)
    watches.get(`n${at} app=db`)?.(podsOf({ [`n${at}`]: [`10.0.0.${at}`] }));
};
const grow = (site: ReturnType<typeof open>, count: number): void => {
  site.world.namespaces = named(count);
  site.all.namespacesChanged();
};
const atTwenty = () => {
  const site = open();
  site.world.namespaces = named(20);
  site.all.note("a", [everywhere]);
  fill(site, 20);
  return site;
};

describe("a selector of many namespaces", () => {
  it("is followed by one watch of the whole cluster, which takes over once it says the same; until then nothing is lost", () => {
    const site = atTwenty();
    const { all, watches } = site;
    expect(watches.size).toBe(20);
    expect(all.find(everywhere)).toEqual(addresses(20));
    grow(site, 21);
    expect([watches.size, watches.has("* app=db"), watches.has("n20 app=db")]).toEqual([21, true, false]);
    // Of the new one nothing is known yet. The others go on.
    expect(all.find(everywhere)).toBeUndefined();
    watches.get("n0 app=db")?.(podsOf({ n0: ["10.0.0.0", "10.0.0.99"] }));
    watches.get("* app=db")?.(filled(21, { stranger: ["192.0.2.1"] }));
    // It is behind: what the others have counts.
    expect(watches.size).toBe(21);
    expect(all.find(everywhere)).toEqual(["10.0.0.0", "10.0.0.99", ...addresses(21).slice(1)]);
    watches.get("* app=db")?.(filled(21, { n0: ["10.0.0.0", "10.0.0.99"], stranger: ["192.0.2.1"] }));
    expect([...watches.keys()]).toEqual(["* app=db"]);
    expect(all.find(everywhere)).toEqual(["10.0.0.0", "10.0.0.99", ...addresses(21).slice(1)]);
  });

  it("is told only of what changes in namespaces that it names", () => {
    const site = atTwenty();
    grow(site, 21);
    site.watches.get("* app=db")?.(filled(21));
    site.told.length = 0;
    site.watches.get("* app=db")?.(filled(21, { stranger: ["192.0.2.1"] }));
    expect(site.told).toEqual([]);
    site.watches.get("* app=db")?.(filled(21, { n3: [] }));
    expect(site.told).toEqual([["a"]]);
  });

  it("keeps the one watch while the number goes up and down, and leaves it when few are left, without losing anything", () => {
    const site = atTwenty();
    const { all, watches } = site;
    for (const count of [21, 20, 13, 12, 21, 12]) {
      grow(site, count);
      watches.get("* app=db")?.(filled(21));
      expect([...watches.keys()]).toEqual(["* app=db"]);
      expect(all.find(everywhere)).toEqual(addresses(count));
    }
    grow(site, 11);
    expect(watches.size).toBe(12);
    expect(all.find(everywhere)).toEqual(addresses(11));
    // One is behind: the old watch counts until they say the same.
    fill(site, 10);
    watches.get("n10 app=db")?.(podsOf({}));
    expect(watches.has("* app=db")).toBe(true);
    expect(all.find(everywhere)).toEqual(addresses(11));
    watches.get("n10 app=db")?.(podsOf({ n10: ["10.0.0.10"] }));
    expect([...watches.keys()].toSorted()).toEqual(
      Array.from({ length: 11 }, (_, at) => `n${at} app=db`).toSorted(),
    );
    expect(all.find(everywhere)).toEqual(addresses(11));
  });

  it("without labels is one of the whole cluster only where a rule names all of it", () => {
    const site = open();
    site.world.namespaces = named(30);
    const some = { podSelector: [], namespaceSelector: everywhere.peer.namespaceSelector };
    site.all.note("a", [inApp("", { peer: some })]);
    expect(site.watches.size).toBe(30);
    site.all.note("a", [inApp("", { peer: { podSelector: [], namespaceSelector: [] } })]);
    expect(site.watches.has("* ")).toBe(true);
  });

  it("that the server refuses for the whole cluster is followed as before", () => {
    const site = atTwenty();
    grow(site, 21);
    grow(site, 20);
    site.told.length = 0;
    site.watches.get("n1 app=db")?.(podsOf({ n1: [] }));
    expect(site.told).toEqual([["a"]]);
    expect(site.all.find(everywhere)).toEqual(addresses(20).filter((each) => each !== "10.0.0.1"));
  });
});
