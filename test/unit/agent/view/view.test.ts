/** What the agent has to know before it decides, and what counts while it cannot be read. */
import { describe, expect, it } from "vitest";
import { askedFor, awaited, asFrozen, isRestored, asUnsynced } from "../../../../plugin/agent/view/needs.ts";
import { changesOf } from "../../../../plugin/agent/view/changes.ts";
import { withUpdate } from "../../../../plugin/agent/view/update.ts";
import {
  apiViewOf,
  faultsOf,
  knowledgeOf,
  namesakeOf,
  type ApiView,
} from "../../../../plugin/agent/view/view.ts";
import {
  emptySnapshot,
  type KnownResource,
  type ResourceName,
} from "../../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../../plugin/state/record.ts";

const empty = apiViewOf(emptySnapshot, []);
const tell = (view: ApiView, resource: ResourceName, is: KnownResource): ApiView =>
  withUpdate(view, { resource, is, items: is.state === "synced" ? [] : undefined });
const listing = (view: ApiView, version: string, names: readonly ResourceName[]): ApiView =>
  names.reduce((all, name) => tell(all, name, { state: "synced", version }), view);

const knowing = (...names: readonly ResourceName[]): ApiView =>
  asFrozen(asUnsynced(listing(empty, "1", names)));

describe("before the first decision", () => {
  const former = asUnsynced(listing(empty, "1", ["pods", "egressqoses", "networkqoses", "namespaces"]));
  const three = listing(former, "9", ["pods", "egressqoses", "networkqoses"]);
  const four = listing(three, "9", ["namespaces"]);

  it("what a former run knew is not heard of, and counts for who cannot wait longer", () => {
    expect(awaited(former)).toEqual(["pods", "egressqoses", "networkqoses", "namespaces"]);
    expect(asFrozen(former).snapshot.resources).toMatchObject({
      egressqoses: { state: "frozen", version: "1" },
      "network-attachment-definitions": { state: "unsynced" },
    });
  });

  it("what another system served, or the cluster did not have, is not applied by a former run's word", () => {
    const was = tell(tell(former, "egressqoses", { state: "off" }), "networkqoses", { state: "missing" });
    expect(asFrozen(asUnsynced(was)).snapshot.resources).toMatchObject({
      egressqoses: { state: "off" },
      networkqoses: { state: "missing" },
    });
  });

  it("without objects of a former run there is nothing to go by", () => {
    expect(isRestored(asFrozen(former))).toBe(true);
    expect(isRestored(knowing("pods", "egressqoses", "namespaces"))).toBe(false);
    expect(isRestored(knowing("pods", "egressqoses", "networkqoses"))).toBe(false);
  });

  it("pods, objects and namespaces are awaited, and no more where no selector asks for it", () => {
    expect(awaited(three)).toEqual(["namespaces"]);
    expect(awaited(four)).toEqual([]);
  });

  it("what a file asks for is awaited, and what cannot be read is not, but for pods", () => {
    expect(awaited(four, true)).toEqual(["network-attachment-definitions"]);
    expect(awaited(tell(three, "namespaces", { state: "frozen" }))).toEqual([]);
    expect(awaited(tell(four, "pods", { state: "frozen" }))).toEqual(["pods"]);
  });

  it("what was known and cannot be read keeps its version, and stays frozen while it is only tried again", () => {
    const frozen = tell(three, "namespaces", { state: "frozen" });
    const tried = tell(frozen, "namespaces", { state: "unsynced" });
    expect(tried.snapshot.resources.namespaces).toEqual({ state: "frozen", version: "1" });
  });
});

it.each(["frozen", "off", "missing", "unsynced"] as const)(
  "a resource that is %s keeps its version",
  (state) => {
    const view = tell(listing(empty, "500", ["egressqoses"]), "egressqoses", { state });
    expect(view.snapshot.resources.egressqoses).toEqual({ state, version: "500" });
  },
);

const nad = (config: string) => ({
  metadata: { uid: "n", namespace: "prod", name: "fast" },
  spec: { config },
});

const told = (view: ApiView, config: string): ApiView =>
  withUpdate(view, {
    resource: "network-attachment-definitions",
    is: { state: "synced", version: "1" },
    items: [nad(config)],
  });

it("a NetworkAttachmentDefinition that is broken is named, and keeps the last that could be read", () => {
  const good = told(empty, '{"name":"fast","plugins":[{"type":"pod-qos"}]}');
  expect(faultsOf(good)).toEqual([]);
  const bad = told(good, "{");
  expect(faultsOf(bad).join()).toMatch(/^NetworkAttachmentDefinition prod\/fast \(API\): /);
  expect(bad.snapshot.networks).toEqual(good.snapshot.networks);
});

it("a resource that can be read at last is news for all, also where it has nothing", () => {
  const isNews = (before: ApiView, is: KnownResource): boolean =>
    changesOf(before, tell(before, "namespaces", is)).surroundings;
  const frozen = tell(empty, "namespaces", { state: "frozen" });
  expect(isNews(frozen, { state: "synced", version: "1" })).toBe(true);
  expect(isNews(frozen, { state: "missing" })).toBe(true);
  expect(isNews(empty, { state: "frozen" })).toBe(false);
});

const recordOf = (conf: object | undefined): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: "a", ifname: "eth0" },
  netns: "/run/netns/x",
  netnsId: "1:2",
  pod: "pod prod/x",
  facts: undefined,
  programs: [],
  asked: conf === undefined ? {} : { conf: { ...conf } },
});

it("networks are asked for by a file, and by nobody else here", () => {
  expect(askedFor(empty)).toEqual([]);
  expect(askedFor(empty, true)).toEqual(["network-attachment-definitions"]);
});

const showing = (view: ApiView, ...items: readonly object[]): ApiView =>
  withUpdate(view, {
    resource: "pods",
    is: { state: "synced", version: "1" },
    items: items.map((item) => ({ ...item })),
  });
const asked = (uid: string, name: string): AttachmentRecord => ({
  ...recordOf({}),
  asked: { uid, namespace: "prod", name },
});

describe("annotations that a mirror pod has", () => {
  const hash = "0123456789abcdef0123456789abcdef";
  const posing = (name: string, uid: string, labels = {}) => ({
    metadata: {
      uid,
      namespace: "prod",
      name,
      labels,
      annotations: {
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.mirror": hash,
      },
    },
  });
  it("on an ordinary pod leave it followed by its own UID", () => {
    const view = showing(empty, posing("web", "u-web"));
    expect(knowledgeOf(view, asked("u-web", "web"))).toMatchObject({ pod: { name: "web" } });
    const relabelled = showing(view, posing("web", "u-web", { app: "x" }));
    expect(changesOf(view, relabelled).pods).toContain("u-web");
  });

  it("on an ordinary pod take nothing from the static pod whose hash they name", () => {
    const both = showing(empty, posing("dns-node-1", "u-mirror"), posing("web", "u-web"));
    expect(knowledgeOf(both, asked(hash, "dns-node-1"))).toMatchObject({ pod: { name: "dns-node-1" } });
    const relabelled = showing(both, posing("dns-node-1", "u-mirror", { app: "x" }), posing("web", "u-web"));
    expect(changesOf(both, relabelled).pods).toEqual(["u-mirror", hash]);
  });
});

it("another pod under the name of one that runs is news for that one, which keeps what it has", () => {
  const item = { metadata: { uid: "u-new", namespace: "prod", name: "web-0" } };
  const view = showing(empty, item);
  expect(changesOf(empty, view).newNames).toEqual(["prod/web-0"]);
  expect(knowledgeOf(view, asked("u-old", "web-0"))).toBe("absent");
  expect(namesakeOf(view, asked("u-old", "web-0"))).toBe("u-new");
});
