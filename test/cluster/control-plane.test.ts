/** The lab's control plane is a real one, and what it is made to suffer is what a real one suffers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectApi, type KubeObject, type WatchEvent } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { createAccount, tokenOf } from "../lab/cluster/accounts.ts";
import { auditOf } from "../lab/cluster/audit.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { compact } from "../lab/cluster/compact.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { NAMESPACES, podObject, podPath, PODS } from "../lab/cluster/objects.ts";
import { reachFrom } from "../lab/cluster/reach.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode } from "../lab/node/node.ts";

suite("a control plane", { kubernetes: ["kube-apiserver", "etcd"], tools: ["openssl", "socat"] }, () => {
  let plane: ControlPlane;
  let readyAfter = 0;

  beforeAll(async () => {
    const started = performance.now();
    plane = await createCluster({ audit: true });
    readyAfter = (performance.now() - started) / 1000;
  });
  afterAll(() => plane.stop());

  /** What a watch shows until so many events have come or the server ends it. */
  const watched = async (path: string, count: number): Promise<readonly WatchEvent[]> => {
    const events: WatchEvent[] = [];
    const end = new AbortController();
    const take = (event: WatchEvent): void => {
      events.push(event);
      if (events.length === count) end.abort();
    };
    await plane.api.watch(path, take, AbortSignal.any([end.signal, AbortSignal.timeout(20_000)]));
    return events;
  };

  test("is ready within ten seconds", async () => {
    expect(readyAfter).toBeLessThan(10 * (await crowding()));
  });

  test("shows changes to who watches", async () => {
    const pods = podPath("default");
    const { metadata } = await plane.api.get<KubeObject>(pods);
    await plane.api.create(pods, podObject({ name: "seen", nodeName: "nowhere", labels: { tier: "a" } }));
    await plane.api.patch(`${pods}/seen`, { metadata: { labels: { tier: "b" } } });
    const events = await watched(`${pods}?watch=1&resourceVersion=${metadata.resourceVersion}`, 2);
    expect(events.map(({ type, object }) => [type, object.metadata.labels?.["tier"]])).toEqual([
      ["ADDED", "a"],
      ["MODIFIED", "b"],
    ]);
  });

  test("lets an account do what its role says, and its audit log has every request", async () => {
    const { api, server, certificates } = plane;
    await createAccount(api, "reader", [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }]);
    const reader = connectApi(server, certificates.authority, { token: await tokenOf(api, "reader") });
    // The API server hears of a new role by a watch of its own.
    const may = async (): Promise<true | undefined> =>
      (await reader.ask("GET", PODS)).status === 200 ? true : undefined;
    await eventually("the role counts", may);
    await expect(reader.get(NAMESPACES)).rejects.toMatchObject({ status: 403 });
    reader.close();
    const refused = auditOf(plane).filter(({ responseStatus }) => responseStatus?.code === 403);
    expect(refused.at(-1)).toMatchObject({
      verb: "list",
      user: { username: "system:serviceaccount:default:reader" },
      objectRef: { resource: "namespaces" },
    });
  });

  test("answers on a lab node, until the node loses it and when it has it back", async () => {
    await using node = await createNode();
    const reach = await reachFrom(node, plane);
    const handshake = async (): Promise<string> => {
      const args = ["s_client", "-brief", "-CAfile", plane.certificates.authority];
      const address = `127.0.0.1:${plane.ports.api}`;
      return (await node.exec("openssl", [...args, "-connect", address], { reject: false })).stderr;
    };
    expect(await handshake()).toContain("Verification: OK");
    await reach.cut();
    expect(await handshake()).toContain("Connection refused");
    await reach.restore();
    expect(await handshake()).toContain("Verification: OK");
  });

  test("hangs while it is stopped, and then goes on", async () => {
    plane.signalApiServer("SIGSTOP");
    const answer = plane.api.ask("GET", "/readyz");
    const first = await Promise.race([
      answer,
      new Promise((resolve) => setTimeout(resolve, 1000, "nothing")),
    ]);
    plane.signalApiServer("SIGCONT");
    expect(first).toBe("nothing");
    expect((await answer).status).toBe(200);
  });

  test("cuts its watchers when it is killed, and has all objects when it is back", async () => {
    await plane.api.create(podPath("default"), podObject({ name: "kept", nodeName: "nowhere" }));
    const begun = Promise.withResolvers<WatchEvent>();
    const watch = plane.api.watch(
      `${podPath("default")}?watch=1`,
      begun.resolve,
      AbortSignal.timeout(60_000),
    );
    await begun.promise;
    await plane.killApiServer();
    await watch;
    await expect(plane.api.ask("GET", "/readyz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await plane.startApiServer();
    const kept = await plane.api.get<KubeObject>(podPath("default", "kept"));
    expect(kept.metadata.name).toBe("kept");
  });

  test("says 410 to who lists or watches from a version that was compacted away before it started", async () => {
    const old = (await plane.api.get<KubeObject>(NAMESPACES)).metadata.resourceVersion;
    await plane.api.create(NAMESPACES, { metadata: { name: "later" } });
    await compact(plane);
    await plane.killApiServer();
    await plane.startApiServer();
    const exact = `${NAMESPACES}?resourceVersion=${old}&resourceVersionMatch=Exact`;
    expect((await plane.api.ask("GET", exact)).status).toBe(410);
    const [event] = await watched(`${NAMESPACES}?watch=1&resourceVersion=${old}`, 1);
    expect(event).toMatchObject({ type: "ERROR", object: { code: 410 } });
  });
});
