/** A resource of a real API server, followed through what happens to real ones. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import type { Resource } from "../../plugin/kube/resource.ts";
import { follower, type Follower, until } from "../lab/agent/api-follower.ts";
import { createAccount, tokenOf } from "../lab/cluster/accounts.ts";
import { auditOf } from "../lab/cluster/audit.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { compact } from "../lab/cluster/compact.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { figure } from "../lab/measure/figures.ts";
import { suite } from "../lab/node/needs.ts";
import { tcpProxy } from "../lab/node/tcp-proxy.ts";

const pods = (nodeName: string): Resource => ({
  group: "",
  version: "v1",
  name: "pods",
  fieldSelector: `spec.nodeName=${nodeName}`,
});
const THINGS: Resource = { group: "example.com", version: "v1", name: "things" };
const CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const THINGS_PATH = "/apis/example.com/v1/namespaces/default/things";
const LIMIT = 60_000;

const watching = async (own: Follower, times = 1): Promise<void> =>
  await until("a watch", () => own.notices.filter(({ kind }) => kind === "watching").length >= times, LIMIT);

suite("a followed resource", { kubernetes: ["kube-apiserver", "etcd"], tools: ["openssl"] }, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await createCluster({ audit: true });
  });
  afterAll(() => plane.stop());

  const pod = async (name: string, nodeName: string): Promise<void> =>
    void (await plane.api.create(podPath("default"), podObject({ name, nodeName, labels: { tier: "a" } })));
  const label = async (name: string, tier: string): Promise<void> =>
    void (await plane.api.patch(podPath("default", name), { metadata: { labels: { tier } } }));
  const drop = async (name: string): Promise<void> =>
    await plane.api.remove(podPath("default", name), { gracePeriodSeconds: 0 });
  const through = (port: number): string =>
    plane.kubeconfigFor(`proxy-${port}`, plane.certificates.admin, `https://127.0.0.1:${port}`);

  test("shows its own node's pods as they come, change and go, and nobody else's", async () => {
    await pod("one", "n1");
    await pod("other", "elsewhere");
    await using own = await follower(plane.kubeconfig, { resource: pods("n1") });
    await watching(own);
    await pod("two", "n1");
    await label("one", "b");
    await label("other", "b");
    await drop("one");
    await until("the deletion", () => own.said.includes("deleted one"));
    // The grace period and the end of it are two events.
    const names = [...new Set(own.said)];
    expect(names).toEqual(["added one", "added two", "changed one", "deleted one"]);
    expect(own.now().items.get("default/two")).not.toHaveProperty("metadata.managedFields");
    expect(own.states).toEqual(["synced"]);
  });

  test("is told a change within milliseconds", async () => {
    await pod("fast", "n2");
    const heard: number[] = [];
    await using own = await follower(plane.kubeconfig, {
      resource: pods("n2"),
      onChange: () => void heard.push(performance.now()),
    });
    await watching(own);
    const lags: number[] = [];
    for (let turn = 0; turn < 50; turn++) {
      const before = heard.length;
      const asked = performance.now();
      await label("fast", `t${turn}`);
      await until("the event", () => heard.length > before);
      lags.push((heard.at(-1) ?? 0) - asked);
    }
    lags.sort((one, other) => one - other);
    figure("milliseconds from the begin of a PATCH to its event, median of 50", lags[25] ?? 0, {
      atMost: 1_000,
    });
    figure("the longest of them", lags[49] ?? 0, { atMost: 10_000 });
  });

  test("in quiet is listed once; each watch goes on from the bookmark before its end", async () => {
    await pod("quiet", "n3");
    const timing = { watchSeconds: { least: 4, most: 4 } };
    await using own = await follower(plane.kubeconfig, { resource: pods("n3"), timing });
    await watching(own);
    const { version } = own.now();
    await plane.api.create(NAMESPACES, { metadata: { name: "elsewhere" } });
    await pod("far", "n4");
    await watching(own, 3);
    expect(Number(own.now().version)).toBeGreaterThan(Number(version));
    expect(own.said).toEqual(["added quiet"]);
    expect(own.notices.filter(({ kind }) => kind === "failed")).toEqual([]);
    const asked = auditOf(plane).filter(({ requestURI }) => requestURI.includes("nodeName%3Dn3"));
    expect(asked.filter(({ verb }) => verb === "list")).toHaveLength(1);
  });

  test("goes on after the API server was killed and came back, and finds what changed by then", async () => {
    await pod("kept", "n5");
    await pod("lost", "n5");
    await using proxy = await tcpProxy(plane.ports.api);
    await using own = await follower(through(proxy.port), { resource: pods("n5") });
    await watching(own);
    proxy.cut();
    await label("kept", "b");
    await drop("lost");
    await pod("new", "n5");
    await plane.killApiServer();
    proxy.restore();
    await until("it fails", () => own.now().message !== "", LIMIT);
    expect(own.now()).toMatchObject({ state: "synced", isComplete: true });
    expect(own.said).toEqual(["added kept", "added lost"]);
    await plane.startApiServer();
    await until("the new pod", () => own.said.includes("added new"), LIMIT);
    expect([...own.now().items.keys()].toSorted()).toEqual(["default/kept", "default/new"]);
    expect(own.now().items.get("default/kept")).toMatchObject({ metadata: { labels: { tier: "b" } } });
    await until("it is well", () => own.now().message === "", LIMIT);
  });

  test("whose version was compacted away is listed anew, and nothing is missed", async () => {
    await pod("old", "n6");
    await using proxy = await tcpProxy(plane.ports.api);
    await using own = await follower(through(proxy.port), { resource: pods("n6") });
    await watching(own);
    proxy.cut();
    await drop("old");
    await pod("fresh", "n6");
    await compact(plane);
    await plane.killApiServer();
    await plane.startApiServer();
    proxy.restore();
    await until("the new pod", () => own.said.includes("added fresh"), LIMIT);
    expect(own.said).toEqual(["added old", "deleted old", "added fresh"]);
    expect(own.notices).toContainEqual(
      expect.objectContaining({
        kind: "failed",
        message: expect.stringContaining("too old resource version"),
      }),
    );
  });

  test("survives a server that hangs: its connections are given up, and taken up when it goes on", async () => {
    await pod("before", "n7");
    await using own = await follower(plane.kubeconfig, {
      resource: pods("n7"),
      timing: { silence: 1_000, handshake: 1_000, answer: 1_000 },
    });
    await watching(own);
    plane.signalApiServer("SIGSTOP");
    await until("it is silent", () => own.notices.some(({ kind }) => kind === "silent"), LIMIT);
    await until("no answer", () => own.now().message !== "", LIMIT);
    plane.signalApiServer("SIGCONT");
    await pod("after", "n7");
    await until("the new pod", () => own.said.includes("added after"), LIMIT);
    expect(own.said).toEqual(["added before", "added after"]);
    expect(own.states).toEqual(["synced"]);
  });

  test("over a connection that is half open goes on over another", async () => {
    await pod("a", "n8");
    await using proxy = await tcpProxy(plane.ports.api);
    await using own = await follower(through(proxy.port), {
      resource: pods("n8"),
      timing: { silence: 1_500, handshake: 1_500, answer: 1_500 },
    });
    await watching(own);
    proxy.stall();
    await label("a", "b");
    await until("it is silent", () => own.notices.some(({ kind }) => kind === "silent"), LIMIT);
    proxy.restore();
    await until("the change", () => own.said.includes("changed a"), LIMIT);
    expect(own.states).toEqual(["synced"]);
  });

  test("outlives its token: the new one is read when the old one is refused", async () => {
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }];
    await createAccount(plane.api, "first", rules);
    await createAccount(plane.api, "second", rules);
    await pod("p", "n9");
    const tokenFile = join(plane.folder, "rotated");
    writeFileSync(tokenFile, await tokenOf(plane.api, "first"));
    const file = plane.kubeconfigFor("rotating", { tokenFile });
    await using own = await follower(file, { resource: pods("n9") });
    await until("its pod", () => own.said.includes("added p"), LIMIT);
    await watching(own);
    writeFileSync(tokenFile, await tokenOf(plane.api, "second"));
    await plane.api.remove(`${NAMESPACES}/default/serviceaccounts/first`);
    await plane.killApiServer();
    await plane.startApiServer();
    await pod("q", "n9");
    await until("the new pod", () => own.said.includes("added q"), LIMIT);
    const asked = auditOf(plane).filter(({ requestURI }) => requestURI.includes("nodeName%3Dn9"));
    expect(asked.at(-1)?.user.username).toBe("system:serviceaccount:default:second");
  });

  test("that may not be read is refused, in the server's words, and followed once it may", async () => {
    const may = { apiGroups: [""], resources: ["nodes"], verbs: ["list", "watch"] };
    await createAccount(plane.api, "late", [may]);
    const file = plane.kubeconfigFor("late", { token: await tokenOf(plane.api, "late") });
    await using own = await follower(file, { resource: pods("n10") });
    await until("the refusal", () => own.now().state === "refused", LIMIT);
    expect(own.now().message).toMatch(
      /403 Forbidden: pods is forbidden: User "system:serviceaccount:default:late" cannot list resource "pods"/,
    );
    const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/late";
    await plane.api.patch(role, { rules: [{ ...may, resources: ["pods"] }] });
    await until("it is synced", () => own.now().state === "synced", LIMIT);
    expect(own.states).toEqual(["refused", "synced"]);
  });

  test("that comes later, goes and comes anew is missing in between, and its objects go with it", async () => {
    await using own = await follower(plane.kubeconfig, {
      resource: THINGS,
      timing: { missingIsEmpty: 600_000 },
    });
    await until("it is missing", () => own.now().state === "missing", LIMIT);
    await plane.api.create(CRDS, definition);
    await until("it is followed", () => own.now().state === "synced", LIMIT);
    await plane.api.create(THINGS_PATH, thing("a"));
    await until("its object", () => own.said.includes("added a"), LIMIT);
    await plane.api.remove(`${CRDS}/things.example.com`);
    await until("the objects are gone", () => own.said.includes("deleted a"), LIMIT);
    await until("it is missing again", () => own.now().state === "missing", LIMIT);
    await plane.api.create(CRDS, definition);
    await until("it is followed again", () => own.now().state === "synced", LIMIT);
    await plane.api.create(THINGS_PATH, thing("a"));
    await until("its object", () => own.said.filter((one) => one === "added a").length === 2, LIMIT);
    expect(own.said).toEqual(["added a", "deleted a", "added a"]);
  });

  test("of many objects is read in pages where the list is exact", async () => {
    for (let from = 0; from < 550; from += 50) {
      const some = Array.from({ length: 50 }, (_, at) => thing(`t${from + at}`));
      await Promise.all(some.map((one) => plane.api.create(THINGS_PATH, one)));
    }
    // A version that no server has: the list is asked for as it is now.
    await using own = await follower(plane.kubeconfig, {
      resource: THINGS,
      before: { version: "999999999", count: 5_000 },
      timing: { olderCounts: 0 },
    });
    await until("all objects", () => own.now().items.size === 551, LIMIT);
    const asked = auditOf(plane).filter(({ requestURI }) => /things\?.*limit=500/.test(requestURI));
    expect(asked.length).toBeGreaterThanOrEqual(2);
  });

  test("hears of a server that comes back from all who follow", async () => {
    const timing = { backOff: { first: 30_000, most: 30_000, good: 600_000 } };
    await using patient = await follower(plane.kubeconfig, { resource: pods("n11"), timing });
    await watching(patient);
    await plane.killApiServer();
    await until("it fails", () => patient.now().message !== "", LIMIT);
    await plane.startApiServer();
    await patient.connection.get({ path: "/version" });
    await until("it is well", () => patient.now().message === "", 20_000);
  });
});

const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { status: { type: "object", additionalProperties: { type: "string" } } },
          },
        },
      },
    ],
  },
};

const thing = (name: string): object => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name },
});
