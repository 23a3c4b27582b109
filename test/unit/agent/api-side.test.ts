/** The API side beside a server that does as it is told: when it begins, what it follows, and when nothing may be changed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getEventListeners } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, expect, it, vi } from "vitest";
import { startApi, type ApiSide } from "../../../plugin/agent/api-side.ts";
import type { Loop } from "../../../plugin/agent/context.ts";
import { createReporter } from "../../../plugin/agent/events/reporter.ts";
import { createMetrics } from "../../../plugin/agent/metrics.ts";
import type { News } from "../../../plugin/agent/news.ts";
import { createDestinations } from "../../../plugin/agent/destinations.ts";
import { createStates } from "../../../plugin/agent/states.ts";
import { createStandings } from "../../../plugin/agent/status/standings.ts";
import { emptyWorld, type World } from "../../../plugin/agent/world.ts";
import { unlisted } from "../../../plugin/knowledge/asks.ts";
import { objectsOf as objectsOfSnapshot } from "../../../plugin/knowledge/objects.ts";
import { emptySnapshot, type Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import { assertLivePlace } from "../../../plugin/state/live/place.ts";
import { readKnownPod, writeKnownPod } from "../../../plugin/state/live/pods.ts";
import { readSnapshot, writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import { fakeSite, quick, until, type Site } from "../../lab/agent/api-follower.ts";
import { refuse, reply } from "../../lab/agent/fake-api.ts";
import { apiObject, byNetwork, marking, snapshotOf } from "../support/api.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-side-"));
afterAll(() => rmSync(root, { recursive: true }));
let places = 0;

const [PODS, EGRESS, NETWORK, NAMESPACES] = [
  "/api/v1/pods",
  "/apis/k8s.ovn.org/v1/egressqoses",
  "/apis/k8s.ovn.org/v1alpha1/networkqoses",
  "/api/v1/namespaces",
] as const;
const ALL = [PODS, EGRESS, NETWORK];
const KUBE_SYSTEM = "/api/v1/namespaces/kube-system";
const NETWORKS = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions";
const web = { uid: "u-web", namespace: "prod", name: "web", labels: {}, annotations: {} };
const version = { state: "synced", version: "50" } as const;
const known: Snapshot = snapshotOf({
  cluster: "ours",
  resources: {
    ...emptySnapshot.resources,
    pods: version,
    egressqoses: version,
    networkqoses: version,
    namespaces: version,
  },
});
const times = { patienceMs: 300, otherAgainMs: 100, timing: quick };

type Begun = {
  readonly loop: Loop;
  readonly side: ApiSide;
  readonly starts: () => number;
  readonly news: readonly News[];
  readonly lines: readonly string[];
};

let site: Site & AsyncDisposable;
let ending: AbortController;
beforeEach(async () => {
  site = await fakeSite();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await site[Symbol.asyncDispose]();
});

/** As runLoop makes it, without the other sources. */
const begin = (
  before: { readonly pod?: boolean; readonly snapshot?: Snapshot; readonly isNewer?: boolean } = {},
  how: {
    readonly kubeconfig?: string;
    readonly objects?: "on" | "auto";
    readonly confs?: World["confs"];
  } = {},
): Begun => {
  places += 1;
  const stateDir = join(root, String(places));
  assertLivePlace(stateDir);
  if (before.pod === true) writeKnownPod(stateDir, web);
  if (before.snapshot !== undefined) writeSnapshot(stateDir, before.snapshot);
  if (before.isNewer === true) toNewerFormat(stateDir);
  const metrics = createMetrics();
  const news: News[] = [];
  const lines: string[] = [];
  let world: World = { ...emptyWorld, ...(how.confs && { confs: how.confs }) };
  let starts = 0;
  const log: Loop["log"] = (level, text) => void lines.push(`${level} ${text}`);
  const loop: Loop = {
    options: {
      node: "node-1",
      kubeconfig: how.kubeconfig ?? site.kubeconfig,
      stateDir,
      confDir: "/nowhere",
      install: false,
      listen: undefined,
      metricsListen: undefined,
      metricsPods: 250,
      objects: how.objects ?? "on",
      api: true,
      adopt: false,
      roundMs: 600_000,
    },
    log,
    signal: ending.signal,
    metrics,
    states: createStates(metrics),
    destinations: createDestinations(
      () => world.view?.snapshot.namespaces ?? {},
      (one) => news.push(one),
    ),
    standings: createStandings(),
    events: createReporter(() => world, { node: "node-1", log, metrics, signal: ending.signal }),
    world: () => world,
    setWorld: (next) => (world = next),
    tell: (one) => news.push(one),
    adopt: () => Promise.reject(new Error("not asked for here")),
    readRecords: () => [],
  };
  const side = startApi(loop, () => void (starts += 1), times);
  return { loop, side, starts: () => starts, news, lines };
};
const serve = (uid = "ours", paths: readonly string[] = [PODS, EGRESS, NETWORK, NAMESPACES]): void => {
  site.api.give(KUBE_SYSTEM, { metadata: { name: "kube-system", uid } });
  for (const path of paths) site.api.serve(path, true);
};
/** As an agent to come may have left them. */
const toNewerFormat = (stateDir: string): void => {
  const alter = (name: string, from: string, to: string): void => {
    const path = join(stateDir, "live", name);
    writeFileSync(path, readFileSync(path, "latin1").replace(from, to), "latin1");
  };
  alter("snapshot", "snapshot 1", "snapshot 2");
  alter(`pods/${web.uid}.json`, '"format":1', '"format":2');
};
const nobody = (): string => {
  const file = join(root, "nobody");
  writeFileSync(
    file,
    `apiVersion: v1
kind: Config
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:9" } }]
users: [{ name: u, user: { token: x } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
current-context: c
`,
  );
  return file;
};
const listsOf = (path: string): number =>
  site.api.seen.filter((one) => one.path === path && !one.query.has("watch")).length;

it("begins once pods, objects and namespaces are listed", async () => {
  serve("ours", [PODS, EGRESS, NETWORK]);
  let answer: (() => void) | undefined;
  site.api.give(NAMESPACES, (response) => {
    answer = () => reply(response, 200, { metadata: { resourceVersion: "9" }, items: [] });
  });
  const { loop, starts } = begin();
  await until("namespaces are asked for", () => answer !== undefined);
  await until("pods", () => loop.world().view?.snapshot.resources.pods.state === "synced");
  await sleep(100);
  expect(starts()).toBe(0);
  answer?.();
  await until("the start", () => starts() === 1);
  expect(loop.states.isInStep()).toBe(true);
  expect(loop.world().view?.snapshot.resources.namespaces.state).toBe("synced");
});

it.each([
  ["follows networks where an object in a file selects them by label", true],
  ["follows none where no file asks", false],
])("begins once the files are read, and %s", async (_, selects) => {
  serve("ours", [PODS, EGRESS, NETWORK, NAMESPACES, NETWORKS]);
  const policyDir = "/etc/policies";
  const { starts, loop, side } = begin(
    {},
    { confs: { entries: new Map([["podnet", { policyDir }]]), caches: [], faults: [] } },
  );
  await until("pods", () => loop.world().view?.snapshot.resources.pods.state === "synced");
  await until("objects", () => listsOf(EGRESS) > 0 && listsOf(NETWORK) > 0);
  await sleep(100);
  expect(starts()).toBe(0);
  loop.setWorld({ ...loop.world(), files: new Map([[policyDir, selects]]) });
  side.followAsked();
  await until("the start", () => starts() === 1);
  const { resources } = loop.world().view?.snapshot ?? emptySnapshot;
  expect([resources["network-attachment-definitions"].state, resources.namespaces.state]).toEqual([
    selects ? "synced" : "unsynced",
    "synced",
  ]);
});

it("goes by what a former run knew where the API does not answer, and says so", async () => {
  const { starts, lines } = begin({ pod: true, snapshot: known }, { kubeconfig: nobody() });
  await until("the start", () => starts() === 1);
  expect(lines.join("\n")).toMatch(
    /has not answered for 0.3 s: 1 pods are decided by what the former agent knew/,
  );
});

it.each([
  ["a snapshot", { pod: true }],
  ["pods", { snapshot: known }],
] as const)("without %s of a former run it waits for the API", async (_, before) => {
  const { starts, lines, loop } = begin(before, { kubeconfig: nobody() });
  await until("word of it", () => lines.some((line) => /pods keep what they have until it does/.test(line)));
  expect([starts(), loop.states.unready()]).toEqual([0, "waiting for pods and objects from the API"]);
});

it("changes nothing by another cluster's word, says so once, and goes on when the server is ours again", async () => {
  serve("another");
  const { starts, lines, loop } = begin({ pod: true, snapshot: known });
  const other = (): Promise<string> => loop.metrics.registry.getSingleMetricAsString("pod_qos_other_cluster");
  await until("word of it", () => lines.some((line) => /is another cluster \(another\)/.test(line)));
  await sleep(times.patienceMs + 3 * times.otherAgainMs);
  expect(starts()).toBe(0);
  expect(loop.states.unready()).toMatch(/is another cluster .* nothing is changed/);
  expect(await other()).toMatch(/^pod_qos_other_cluster 1$/m);
  expect(lines.filter((line) => /is another cluster/.test(line))).toHaveLength(1);
  expect(listsOf(PODS)).toBe(0);
  serve("ours");
  await until("the start", () => starts() === 1);
  expect(loop.states.isInStep()).toBe(true);
  expect(await other()).toMatch(/^pod_qos_other_cluster 0$/m);
});

it("stops at once where the server speaks for another cluster after a failure", async () => {
  serve();
  const { starts, loop, lines } = begin();
  await until("the start", () => starts() === 1);
  site.api.give("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "another" } });
  site.api.cut();
  await until("it is out of step", () => !loop.states.isInStep());
  expect(lines.join("\n")).toMatch(/is another cluster/);
  await until("no watch", () => site.api.watches().length === 0);
});

it.each([
  ["ours", 1],
  ["another", 0],
])("writes nothing to a server that is back before it has said whose it is: %s", async (uid, posts) => {
  serve();
  const { loop, starts } = begin();
  const setWriter = vi.spyOn(loop.events, "setWriter");
  await until("the start", () => starts() === 1);
  const asked: ServerResponse[] = [];
  site.api.give(KUBE_SYSTEM, (response) => void asked.push(response));
  site.api.cut();
  await until("the question", () => asked.length > 0);
  const events = "/apis/events.k8s.io/v1/namespaces/prod/events";
  const write = { method: "POST", path: events, contentType: "application/json", body: "{}" } as const;
  const written = setWriter.mock.calls[0]?.[0]?.(write).catch((error: unknown) => error);
  const posted = (): number => site.api.seen.filter(({ path }) => path === events).length;
  await sleep(200);
  expect(posted()).toBe(0);
  serve(uid);
  for (const response of asked) reply(response, 200, { metadata: { name: "kube-system", uid } });
  expect(await written).toBeInstanceOf(Error);
  expect(posted()).toBe(posts);
});

it.each([
  ["ours", "of-another"],
  ["another", "default"],
])(
  "takes nothing by the word of a server that is back before it has said whose it is: %s",
  async (uid, left) => {
    serve();
    site.api.put(EGRESS, "default", egressQos);
    const begun = begin();
    await until("the start", () => begun.starts() === 1);
    const asked: ServerResponse[] = [];
    site.api.give(KUBE_SYSTEM, (response) => void asked.push(response));
    const lists = listsOf(EGRESS);
    site.api.remove(EGRESS, "default");
    site.api.put(EGRESS, "of-another", egressQos);
    site.api.forget();
    site.api.cut();
    await until("a list", () => listsOf(EGRESS) > lists && asked.length > 0);
    await sleep(200);
    expect(namesIn(begun)).toEqual(["default"]);
    serve(uid);
    for (const response of asked) reply(response, 200, { metadata: { name: "kube-system", uid } });
    await until("who it is", () => begun.loop.states.isInStep() === (uid === "ours"));
    await until("what it has", () => namesIn(begun).join() === left);
    await sleep(200);
    expect(namesIn(begun)).toEqual([left]);
  },
);

it("follows a server that was away, and refuses all at first when it is back, within 3 s of its last refusal", async () => {
  serve();
  site.api.put(EGRESS, "default", egressQos);
  const begun = begin();
  await until("the start", () => begun.starts() === 1);
  const asked = (): number => site.api.seen.filter(({ path }) => path === KUBE_SYSTEM).length;
  const before = asked();
  for (const path of [...ALL, KUBE_SYSTEM]) site.api.give(path, (response) => response.socket?.destroy());
  site.api.cut();
  site.api.put(EGRESS, "made-meanwhile", egressQos);
  // Half a second, one, two: what comes then takes longer than 3 s.
  await until("who it is has been asked often", () => asked() === before + 4);
  let refusedAt = 0;
  for (const path of [...ALL, KUBE_SYSTEM])
    site.api.give(path, (response) => {
      refusedAt = performance.now();
      if (path === KUBE_SYSTEM) serve();
      else site.api.give(path, undefined);
      refuse(response, 429, { message: "storage is (re)initializing" }, { "Retry-After": "1" });
    });
  await until("what was made", () => namesIn(begun).includes("made-meanwhile"));
  expect(performance.now() - refusedAt).toBeLessThan(3_000);
  expect(namesIn(begun)).toEqual(["default", "made-meanwhile"]);
});

it("asks less and less often for a resource that the server fails for, though it asks each time whose it is", async () => {
  serve();
  site.api.give(NETWORK, (response) => refuse(response, 500, { reason: "InternalError" }));
  begin();
  await until("it is asked for", () => listsOf(NETWORK) > 0);
  await sleep(1_000);
  // Ten milliseconds at first, a hundred in the end, and chance; in a loop it would be a hundred and more.
  expect(listsOf(NETWORK)).toBeGreaterThan(3);
  expect(listsOf(NETWORK)).toBeLessThan(50);
});

it("an empty list where there were objects takes nothing before it comes twice, and is said and counted", async () => {
  serve();
  site.api.put(EGRESS, "default", egressQos);
  const begun = begin();
  await until("the start", () => begun.starts() === 1);
  site.api.give(EGRESS, (response, { query }) => {
    if (query.has("watch")) return refuse(response, 410, { reason: "Expired", message: "too old" });
    site.api.give(EGRESS, undefined);
    reply(response, 200, { metadata: { resourceVersion: "900" }, items: [] });
  });
  const lists = listsOf(EGRESS);
  site.api.cut();
  await until("the second list", () => listsOf(EGRESS) >= lists + 2);
  await until("all is well", () => begun.lines.at(-1) === "info egressqoses: followed again");
  expect(namesIn(begun)).toEqual(["default"]);
  expect(begun.lines.join("\n")).toMatch(/warn egressqoses: list: .*empty where there were 1 objects/);
  const counted = await begun.loop.metrics.registry.getSingleMetricAsString("pod_qos_watch_restarts_total");
  expect(counted).toMatch(/resource="egressqoses",reason="list"\} [1-9]/);
});

it("what is older than a former run knew takes nothing from it, and is said", async () => {
  serve();
  const objects = snapshotOf({ egressQos: [apiObject({ egress: [{ dscp: 46 }] })] });
  const begun = begin({ pod: true, snapshot: { ...objects, cluster: "ours", resources: newer } });
  await until("word of it", () => begun.lines.some((line) => /older than the 5000 that is known/.test(line)));
  expect(namesIn(begun)).toEqual(["default"]);
});

const marked = snapshotOf({ egressQos: [apiObject({ egress: [{ dscp: 46 }] })], cluster: "ours" });
const ofNewer = { pod: true, snapshot: marked, isNewer: true } as const;

it("writes its own files over those of a newer agent", async () => {
  serve();
  site.api.put(PODS, "web", { metadata: { namespace: "prod", uid: web.uid } });
  site.api.put(EGRESS, "default", egressQos);
  const { starts, loop, lines } = begin(ofNewer);
  await until("the start", () => starts() === 1);
  const { stateDir } = loop.options;
  expect(readSnapshot(stateDir)?.objects.map(({ name }) => name)).toEqual(["default"]);
  expect(readKnownPod(stateDir, web.uid)).toMatchObject({ uid: web.uid, namespace: "prod" });
  expect(lines).toContainEqual(expect.stringMatching(/^warn .*live\/snapshot .* another build/));
});

it("takes an empty list for none only when it comes twice, where a newer agent may have known objects", async () => {
  serve();
  site.api.give(EGRESS, (response) => {
    site.api.give(EGRESS, undefined);
    site.api.put(EGRESS, "default", egressQos);
    reply(response, 200, { metadata: { resourceVersion: "900" }, items: [] });
  });
  const begun = begin(ofNewer);
  await until("the start", () => begun.starts() === 1);
  expect(namesIn(begun)).toEqual(["default"]);
});

it("decides nothing by a missing definition, where a newer agent may have known objects, for ten minutes", async () => {
  serve("ours", [PODS, NETWORK, NAMESPACES]);
  site.api.serve(EGRESS, false);
  const began = performance.now();
  const { starts, loop } = begin(ofNewer);
  const lacking = (): readonly string[] =>
    unlisted({ pod: { namespace: "prod" } }, loop.world().view?.objects ?? objectsOfSnapshot(emptySnapshot));
  await until("the start", () => starts() === 1);
  expect(lacking()).toEqual(["egressqoses"]);
  await until("it counts", () => lacking().length === 0);
  expect(performance.now() - began).toBeGreaterThan(quick.missingIsEmpty * 0.9);
  expect(loop.world().view?.snapshot.resources.egressqoses.state).toBe("missing");
});

const newest = { state: "synced", version: "5000" } as const;
const newer = { ...emptySnapshot.resources, egressqoses: newest, networkqoses: newest };
const objectsOf = ({ loop }: Begun): number => loop.world().view?.snapshot.objects.length ?? 0;
const leaving = { metadata: { name: "prod", deletionTimestamp: "2026-01-01T00:00:00Z" } };
it.each([
  ["is being deleted", [leaving], ["default"]],
  ["is gone", [], ["default"]],
  ["stays", [{ metadata: { name: "prod" } }], []],
])("an object that is deleted counts on for its pods where its namespace %s", async (_, items, left) => {
  serve();
  const metadata = { namespace: "prod" };
  site.api.put(PODS, "web", { metadata });
  site.api.put(EGRESS, "default", { ...egressQos, metadata });
  const begun = begin();
  await until("the start", () => begun.starts() === 1);
  site.api.give(NAMESPACES, { items });
  site.api.remove(EGRESS, "default");
  await until("it is asked", () => listsOf(NAMESPACES) === 1);
  site.api.put(NETWORK, "later", { spec: { priority: 1, egress: [] }, metadata });
  await until("what came behind it", () => namesIn(begun).includes("later"));
  await until("what is left", () => namesIn(begun).join() === [...left, "later"].toSorted().join());
  site.api.remove(PODS, "web");
  await until("the end with the last pod", () => !namesIn(begun).includes("default"));
});

it("asks as well where a network is gone that an object selects by label", async () => {
  serve("ours", [PODS, EGRESS, NETWORK, NAMESPACES, NETWORKS]);
  const metadata = { namespace: "prod" };
  site.api.put(PODS, "web", { metadata });
  site.api.put(NETWORK, "by-network", { spec: marking(4, byNetwork), metadata });
  site.api.put(NETWORKS, "storage", {
    spec: { config: '{ "name": "storage", "type": "macvlan" }' },
    metadata,
  });
  const begun = begin();
  const networks = () => begun.loop.world().view?.snapshot.networks ?? [];
  await until("the network", () => begun.starts() === 1 && networks().length === 1);
  site.api.give(NAMESPACES, { items: [leaving] });
  site.api.remove(NETWORKS, "storage");
  await until("it is kept", () => networks().some(({ keptFor }) => keptFor !== undefined));
  site.api.remove(PODS, "web");
  await until("the end with the last pod", () => networks().length === 0);
  const { stateDir } = begun.loop.options;
  expect(readSnapshot(stateDir)?.networks).toEqual([]);
});

it.each([401, 429, 500])(
  "takes nothing by an answer %s to whether the namespace is being deleted, and asks again",
  async (status) => {
    serve();
    const metadata = { namespace: "prod" };
    site.api.put(PODS, "web", { metadata });
    site.api.put(EGRESS, "default", { ...egressQos, metadata });
    const begun = begin();
    await until("the start", () => begun.starts() === 1);
    site.api.give(NAMESPACES, (response) => refuse(response, status, { message: "not now" }));
    site.api.remove(EGRESS, "default");
    await until("it is said", () => begun.lines.some((line) => line.includes(`: ${status}`)));
    await sleep(100);
    expect(namesIn(begun)).toEqual(["default"]);
    site.api.give(NAMESPACES, { items: [leaving] });
    await until("word of it", () => begun.lines.some((line) => /prod is being deleted: until/.test(line)));
    expect(namesIn(begun)).toEqual(["default"]);
  },
);

it("an object counts as deleted by somebody where it may not ask, and it says so", async () => {
  serve();
  const metadata = { namespace: "prod" };
  site.api.put(PODS, "web", { metadata });
  site.api.put(EGRESS, "default", { ...egressQos, metadata });
  const begun = begin();
  await until("the start", () => begun.starts() === 1);
  site.api.give(NAMESPACES, (response) => refuse(response, 403, { message: "forbidden" }));
  site.api.remove(EGRESS, "default");
  await until("it is gone", () => objectsOf(begun) === 0);
  expect(begun.lines.join("\n")).toMatch(/warn .*prod is being deleted cannot be asked/);
});

it("asks nothing where an object is deleted in a namespace of which no pod is here", async () => {
  serve();
  site.api.put(EGRESS, "default", egressQos);
  const begun = begin();
  await until("the start", () => begun.starts() === 1);
  const before = listsOf(NAMESPACES);
  site.api.remove(EGRESS, "default");
  await until("it is gone", () => objectsOf(begun) === 0);
  expect(listsOf(NAMESPACES)).toBe(before);
});

const namesIn = ({ loop }: Begun): readonly string[] =>
  (loop.world().view?.snapshot.objects ?? []).map(({ name }) => name).toSorted();
const egressQos = { spec: { egress: [{ dscp: 46 }] } };
const definition = (name: string, labels: object): void =>
  site.api.give(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}.k8s.ovn.org`, {
    metadata: { name, labels },
  });
const ours = { "app.kubernetes.io/part-of": "pod-qos" };

it("keeps the objects of a definition that is gone, for as long as it may come back, and no longer", async () => {
  serve();
  site.api.put(EGRESS, "default", egressQos);
  for (const name of ["egressqoses", "networkqoses"]) definition(name, ours);
  const begun = begin({}, { objects: "auto" });
  await until("the start", () => begun.starts() === 1);
  expect(objectsOf(begun)).toBe(1);
  const began = performance.now();
  site.api.serve(EGRESS, false);
  site.api.cut();
  const state = (): string | undefined => begun.loop.world().view?.snapshot.resources.egressqoses.state;
  await until("it is missing", () => state() === "missing");
  expect(objectsOf(begun)).toBe(1);
  await until("they are gone", () => objectsOf(begun) === 0);
  expect(performance.now() - began).toBeGreaterThan(quick.missingIsEmpty * 0.9);
  expect(begun.news.at(-1)).toMatchObject({ kind: "api", changes: { namespaces: ["ns"] } });
});

it("with no definition begins at once, keeps asking, and sees objects of one that is made later", async () => {
  serve("ours", [PODS]);
  site.api.serve(EGRESS, false);
  const begun = begin({}, { objects: "auto" });
  await until("the start", () => begun.starts() === 1);
  definition("egressqoses", ours);
  site.api.put(EGRESS, "default", egressQos);
  site.api.serve(EGRESS, true);
  await until("the object", () => objectsOf(begun) === 1);
});

it("is cut off where pods are not heard of for some seconds, and says so again at once when they are", async () => {
  serve();
  const { starts, side, loop } = begin();
  expect(side.isCutOff()).toBe(true);
  await until("the start", () => starts() === 1);
  await until("it is not", () => !side.isCutOff());
  let turns = 0;
  loop.states.whenStepChanges(() => void (turns += 1));
  site.api.serve(PODS, false);
  site.api.cut();
  await until("it is", () => side.isCutOff());
  site.api.serve(PODS, true);
  await until("it is no more", () => !side.isCutOff());
  await until("who tells ADD is called", () => turns > 0);
});

it("says what fails once for each reason, and leaves nothing behind", async () => {
  serve("ours", [PODS]);
  const { starts, lines } = begin();
  await until("the start", () => starts() === 1);
  await until("many lists", () => listsOf(NETWORK) > 10);
  expect(lines.filter((line) => line.startsWith("warn networkqoses: list"))).toHaveLength(1);
  const before = getEventListeners(ending.signal, "abort").length;
  await until("many more", () => listsOf(NETWORK) > 30);
  expect(getEventListeners(ending.signal, "abort").length).toBeLessThanOrEqual(before);
});
