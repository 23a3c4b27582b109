/** What is followed of other pods, for as long as rules here name them, and who is decided again. */
import { expect, it } from "vitest";
import { createDestinations } from "../../../plugin/agent/destinations.ts";
import type { DestinationPods } from "../../../plugin/agent/api/following-pods.ts";
import type { News } from "../../../plugin/agent/news.ts";
import type { PodsAsked } from "../../../plugin/knowledge/destinations.ts";
import type { KnownNamespace } from "../../../plugin/knowledge/snapshot.ts";

const open = () => {
  const world = { namespaces: {} as Record<string, KnownNamespace> };
  const told: (readonly string[])[] = [];
  const watches = new Map<string, (pods: DestinationPods) => void>();
  const tell = (news: News): void => {
    if (news.kind === "destinations") told.push(news.attachments);
  };
  const all = createDestinations(() => world.namespaces, tell);
  const connect = (): void =>
    all.connect(({ namespace, labels }, signal, onPods) => {
      const key = `${namespace} ${labels}`;
      watches.set(key, onPods);
      signal.addEventListener("abort", () => watches.delete(key));
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
const pods = (...addresses: readonly string[]): DestinationPods =>
  new Map(addresses.map((address) => [`prod/${address}`, { addresses: [address], attached: [] }]));

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
  watches.get("one ")?.(pods("10.0.0.1"));
  expect(all.find(everywhere)).toEqual(["10.0.0.1"]);
  world.namespaces = { one: labelled("a"), two: labelled("a") };
  all.namespacesChanged();
  expect(all.find(everywhere)).toBeUndefined();
  watches.get("two ")?.(pods("10.0.0.2"));
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
