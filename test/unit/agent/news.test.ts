/** What each kind of news asks the agent to do, and of whom. */
import { describe, expect, it } from "vitest";
import { changesOf } from "../../../plugin/agent/view/changes.ts";
import { withUpdate } from "../../../plugin/agent/view/update.ts";
import { apiViewOf, knowledgeOf, withSnapshot } from "../../../plugin/agent/view/view.ts";
import { asksOf, type News } from "../../../plugin/agent/news.ts";
import type { Records } from "../../../plugin/agent/node/records.ts";
import { emptyWorld, nameOfTask, taskNamed, type Task, type World } from "../../../plugin/agent/world.ts";
import { emptySnapshot } from "../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

const record = (
  network: string,
  containerId: string,
  more: Partial<AttachmentRecord> = {},
): AttachmentRecord => ({
  version: 1,
  identity: { network, containerId, ifname: "eth0" },
  netns: "/run/netns/x",
  netnsId: "1:2",
  pod: "pod prod/x",
  facts: undefined,
  programs: [],
  ...more,
});
const facts = {
  podLink: { kind: "veth", mode: "", mtu: 1500 },
  hostEnd: { name: "veth1", ifindex: 7, mtu: 1500 },
  hostEndRefusal: "",
  ipv6: true,
  features: { police: true, fqCodel: true, matcher: "matchall" },
} as const;
const recordsOf = (...all: readonly AttachmentRecord[]): Records =>
  new Map(
    all.map((each) => [
      `${each.identity.network}/${each.identity.containerId}@eth0`,
      { stamp: "1", changedMs: 0, record: each },
    ]),
  );

const world: World = {
  ...emptyWorld,
  confs: { entries: new Map([["podnet", { policyDir: "/etc/policies" }]]), caches: [], faults: [] },
  records: recordsOf(
    record("podnet", "a", { facts, asked: { namespace: "prod", uid: "u-a" } }),
    record("podnet", "b", { asked: { namespace: "dev", uid: "u-b" } }),
    record("second", "a", {
      asked: { namespace: "prod", uid: "u-a", conf: { policyDir: "/etc/other" } },
      membership: { device: "eth9", class: "bulk", members: [] },
    }),
  ),
};

const asked = (news: News): readonly string[] =>
  asksOf(world, news, () => 0.5).map(
    ({ task, delayMs }) => nameOfTask(task) + (delayMs === 0 ? "" : ` +${delayMs}`),
  );
const api = (news: Partial<Extract<News, { kind: "api" }>["changes"]>): News => ({
  kind: "api",
  changes: { pods: [], newNames: [], namespaces: [], ofNamespaces: [], surroundings: false, ...news },
});
const all = ["decide podnet/a@eth0", "decide podnet/b@eth0", "decide second/a@eth0"];

describe("news", () => {
  it.each<readonly [string, News, readonly string[]]>([
    [
      "of the start spreads over its time",
      { kind: "start", spreadMs: 4000 },
      ["uplink podnet", "uplink second", "sweep", ...all.map((each) => `${each} +2000`)],
    ],
    [
      "of a conf asks for the uplink, then its pods",
      { kind: "confs", networks: ["podnet"] },
      ["uplink podnet", "decide podnet/a@eth0", "decide podnet/b@eth0"],
    ],
    ["of a conf without pods here asks for nothing", { kind: "confs", networks: ["third"] }, []],
    [
      "of a policy directory asks for the pods of confs that name it",
      { kind: "policies", directory: "/etc/policies" },
      ["decide podnet/a@eth0", "decide podnet/b@eth0"],
    ],
    [
      "of one that a record's conf names asks where the directory has no conf",
      { kind: "policies", directory: "/etc/other" },
      ["decide second/a@eth0"],
    ],
    [
      "of a record asks for its pod, and for an uplink that no conf in the directory speaks of",
      { kind: "records", attachments: ["podnet/b@eth0", "second/a@eth0"] },
      ["decide podnet/b@eth0", "decide second/a@eth0", "uplink second"],
    ],
    [
      "of traffic control at a host end asks for a look",
      { kind: "kernel", event: { device: "veth1", what: "traffic control" }, nowMs: 10_000 },
      ["look podnet/a@eth0 +500"],
    ],
    [
      "of it right after the pod was added asks for a look when that is done",
      { kind: "kernel", event: { device: "veth1", what: "traffic control" }, nowMs: 1_000 },
      ["look podnet/a@eth0 +1000"],
    ],
    [
      "of traffic control at an uplink asks for that",
      { kind: "kernel", event: { device: "eth9", what: "traffic control" }, nowMs: 10_000 },
      ["uplink second +500"],
    ],
    [
      "of a link that is gone asks whether the pod is",
      { kind: "kernel", event: { device: "veth1", what: "link gone" }, nowMs: 1_000 },
      ["decide podnet/a@eth0 +500"],
    ],
    [
      "of a device of others asks for nothing",
      { kind: "kernel", event: { device: "lo", what: "link gone" }, nowMs: 1 },
      [],
    ],
    [
      "of a class left that the conf has no more asks for its uplink",
      { kind: "former class left", network: "podnet" },
      ["uplink podnet"],
    ],
    [
      "of an ADD by another conf of the uplink asks for that",
      { kind: "another uplink", network: "podnet" },
      ["uplink podnet +500"],
    ],
    [
      "of a pod asks for all its interfaces, and for no other pod",
      api({ pods: ["u-a", "u-z"] }),
      ["decide podnet/a@eth0", "decide second/a@eth0"],
    ],
    [
      "of the round's suspects asks for a look at each",
      { kind: "suspects", attachments: ["podnet/a@eth0", "podnet/b@eth0"] },
      ["look podnet/a@eth0", "look podnet/b@eth0"],
    ],
    [
      "of objects asks for the pods of their namespace",
      api({ namespaces: ["dev"] }),
      ["decide podnet/b@eth0"],
    ],
    ["of a namespace asks for its pods", api({ ofNamespaces: ["dev", "test"] }), ["decide podnet/b@eth0"]],
    ["of networks asks for all", api({ surroundings: true }), all],
  ])("%s", (_, news, tasks) => {
    expect(asked(news)).toEqual(tasks);
  });
});

it.each<Task>([
  { kind: "decide", attachment: "podnet/c 1@eth0" },
  { kind: "look", attachment: "podnet/c@eth0" },
  { kind: "looks", attachments: ["podnet/c 1@eth0", "podnet/c2@eth0"] },
  { kind: "uplink", network: "podnet" },
  { kind: "sweep" },
])("a task is known by its name: %o", (task) => {
  expect(taskNamed(nameOfTask(task))).toEqual(task);
});

const pod = (uid: string, labels: object, more: object = {}) => ({
  metadata: { uid, namespace: "prod", name: uid, labels, ...more },
  status: { phase: "Running" },
});
const namespace = (name: string, more: object = {}) => ({ metadata: { uid: `n-${name}`, name, ...more } });
const egressQos = (uid: string, generation: number, dscp: number) => ({
  metadata: { uid, namespace: "prod", name: "default", generation },
  spec: { egress: [{ dscp }] },
});
const synced = { state: "synced", version: "1" } as const;

describe("what the API tells", () => {
  const empty = apiViewOf(emptySnapshot, []);
  const one = withUpdate(empty, { resource: "pods", is: synced, items: [pod("u-a", { app: "web" })] });

  const namespaces = (...items: readonly object[]) =>
    withUpdate(one, { resource: "namespaces", is: synced, items: items.map((item) => ({ ...item })) });

  it("of a pod is news where labels or annotations are others, not where a version is", () => {
    expect(changesOf(empty, one).pods).toEqual(["u-a"]);
    const again = withUpdate(one, {
      resource: "pods",
      is: { ...synced, version: "2" },
      items: [pod("u-a", { app: "web" }, { resourceVersion: "7" })],
    });
    expect(changesOf(one, again)).toEqual({
      pods: [],
      newNames: [],
      namespaces: [],
      ofNamespaces: [],
      surroundings: false,
    });
    const other = withUpdate(one, { resource: "pods", is: synced, items: [pod("u-a", { app: "db" })] });
    expect(changesOf(one, other).pods).toEqual(["u-a"]);
  });

  it("of an object is news for its namespace; of the same generation it is none", () => {
    const is = (generation: number, dscp: number) =>
      withUpdate(one, { resource: "egressqoses", is: synced, items: [egressQos("e", generation, dscp)] });
    const first = is(1, 8);
    expect(changesOf(one, first).namespaces).toEqual(["prod"]);
    const listed = (generation: number, dscp: number) =>
      withUpdate(first, { resource: "egressqoses", is: synced, items: [egressQos("e", generation, dscp)] });
    expect(changesOf(first, listed(1, 8)).namespaces).toEqual([]);
    expect(changesOf(first, listed(2, 10)).namespaces).toEqual(["prod"]);
    const gone = withUpdate(first, { resource: "egressqoses", is: synced, items: [] });
    expect(changesOf(first, gone).namespaces).toEqual(["prod"]);
  });

  it("of a namespace is news for its pods where a label or an annotation of ours is another", () => {
    const first = namespaces(namespace("prod"), namespace("dev"));
    const differing = (...items: readonly object[]) => {
      const { ofNamespaces, surroundings } = changesOf(first, namespaces(...items));
      expect(surroundings).toBe(false);
      return ofNamespaces;
    };
    const max = { annotations: { "pod-qos/max-egress-bandwidth": "5M" } };
    expect(differing(namespace("prod", max), namespace("dev"))).toEqual(["prod"]);
    expect(differing(namespace("prod"), namespace("dev", { labels: { a: "b" } }))).toEqual(["dev"]);
    expect(differing(namespace("prod"))).toEqual(["dev"]);
    const others = { resourceVersion: "8", annotations: { "example.com/a": "b" } };
    expect(differing(namespace("prod", others), namespace("dev"))).toEqual([]);
  });

  it("of a namespace's labels is news for all where a network is in it", () => {
    const networks = [{ namespace: "net", name: "a", labels: {}, network: "n", uid: "d", conf: "" }];
    const before = withSnapshot(one, { ...one.snapshot, networks });
    const labelled = (name: string) =>
      withUpdate(before, {
        resource: "namespaces",
        is: synced,
        items: [{ metadata: { uid: "n", name, labels: { a: "b" } } }],
      });
    const known = withSnapshot(before, {
      ...before.snapshot,
      resources: { ...before.snapshot.resources, namespaces: synced },
    });
    expect(changesOf(known, labelled("net")).surroundings).toBe(true);
    expect(changesOf(known, labelled("prod")).surroundings).toBe(false);
  });

  it("of a static pod's mirror is believed of the pod of its name alone", () => {
    const hash = "0123456789abcdef0123456789abcdef";
    const annotations = {
      "kubernetes.io/config.hash": hash,
      "kubernetes.io/config.mirror": hash,
      "kubernetes.io/config.source": "file",
    };
    const told = withUpdate(empty, {
      resource: "pods",
      is: synced,
      items: [pod("u-m", {}, { annotations })],
    });
    const of = (name: string) =>
      knowledgeOf(told, record("podnet", "s", { asked: { namespace: "prod", name, uid: hash } }));
    expect(of("u-m")).toMatchObject({ source: "agent" });
    expect(of("another")).toBe("absent");
  });

  it("of a list that is not complete changes nothing", () => {
    const cut = withUpdate(one, { resource: "pods", is: { state: "frozen" }, items: undefined });
    expect(cut.pods).toEqual(one.pods);
  });

  it("of another pod, or of none, decides nothing; nor does a finished one", () => {
    const of = (uid?: string) =>
      knowledgeOf(one, record("podnet", "a", { asked: uid === undefined ? {} : { uid } }));
    expect(of("u-a")).toMatchObject({ source: "agent", pod: { labels: { app: "web" } } });
    expect(of("u-b")).toBe("absent");
    expect(of()).toMatchObject({ source: "agent", pod: undefined });
    const finished = withUpdate(empty, {
      resource: "pods",
      is: synced,
      items: [{ ...pod("u-a", {}), status: { phase: "Succeeded" } }],
    });
    expect(knowledgeOf(finished, record("podnet", "a", { asked: { uid: "u-a" } }))).toBe("finished");
  });
});
