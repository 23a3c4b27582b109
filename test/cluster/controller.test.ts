/** `pod-qos controller` beside a real API server; what the nodes report is written by the test. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import {
  controllerCalls,
  controllerKubeconfig,
  controllerRights,
  startController,
  type Controller,
} from "../lab/cluster/controller.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { applyInstall, kubectl, policyPath, QOS_NODES } from "../lab/cluster/installed.ts";
import { NODES } from "../lab/cluster/objects.ts";
import { callsBeyond, unusedRights } from "../lab/cluster/role.ts";
import {
  createReport,
  entryOf,
  observedNow,
  readyOf,
  said,
  untilSaid,
  writeReport,
  type Qos,
} from "../lab/cluster/statuses.ts";
import { suite } from "../lab/node/needs.ts";
import { knowsBetter } from "../lab/policy/objects/knows-better.ts";
import { repetitions } from "../lab/measure/repetitions.ts";

let plane: ControlPlane;
let kubeconfig: string;

const NQOS = `${policyPath("NetworkQoS", "default")}/qos-external`;
const EQOS = `${policyPath("EgressQoS", "default")}/default`;
const APPLIED = "NetworkQoS Destinations applied";
const NOT = "NetworkQoS Destinations not correctly applied";

const networkQos = {
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name: "qos-external" },
  spec: {
    priority: 5,
    podSelector: { matchLabels: { "nqos-app": "bw-limited" } },
    egress: [{ dscp: 20, bandwidth: { rate: 20_000, burst: 100 } }],
  },
};
const egressQos = {
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS",
  metadata: { name: "default" },
  spec: { egress: [{ dscp: 46 }] },
};

const edit = async (dscp: number): Promise<Qos> =>
  plane.api.patch(NQOS, { spec: { ...networkQos.spec, egress: [{ dscp }] } });

/** Both objects, as they were made. */
async function makeObjects(): Promise<void> {
  await plane.api.create(policyPath("NetworkQoS", "default"), networkQos);
  await plane.api.create(policyPath("EgressQoS", "default"), egressQos);
}

/** Each node reports that it has all that there is now. */
async function observeAll(...names: readonly string[]): Promise<void> {
  const observed = await observedNow(plane.api);
  for (const name of names) await writeReport(plane.api, name, { observed });
}

const zoneOf = (name: string): string =>
  `Ready-In-Zone-${name} True Success: NetworkQoS was applied successfully`;

/** Those that the server took: of two controllers that write at once it refuses one. */
const writesTo = (name: string): number =>
  controllerCalls(plane).filter(
    ({ verb, objectRef, responseStatus }) =>
      verb === "patch" && objectRef?.name === name && responseStatus?.code === 200,
  ).length;

type Writer = { readonly end: () => Promise<void> };

const needs = { plugin: true, kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] };

suite("pod-qos controller", needs, () => {
  const controllers: Controller[] = [];
  const begin = async (...args: readonly string[]): Promise<Controller> => {
    const controller = await startController(plane, { kubeconfig, args });
    controllers.push(controller);
    return controller;
  };

  const writers: Writer[] = [];
  /** As an agent does, but more often; by a clock that is minutes off. Gives what ends it. */
  const keepWriting = (name: string, objects: readonly object[], minutesOff = 0): Writer["end"] => {
    const state = { isAlive: true };
    const write = async (): Promise<void> => {
      while (state.isAlive) {
        const renewed = new Date(Date.now() + minutesOff * 60_000).toISOString();
        await writeReport(plane.api, name, { renewed, observed: await observedNow(plane.api), objects });
        await sleep(200);
      }
    };
    const done = write();
    const end = async (): Promise<void> => {
      state.isAlive = false;
      await done;
    };
    writers.push({ end });
    return end;
  };

  beforeAll(async () => {
    plane = await createCluster({ audit: true });
    await applyInstall(plane);
    kubeconfig = await controllerKubeconfig(plane);
  });
  afterEach(async () => {
    for (const { end } of writers.splice(0)) await end();
    for (const controller of controllers.splice(0)) await controller.kill();
    for (const path of [NQOS, EQOS]) await plane.api.remove(path).catch(() => undefined);
    const { items = [] } = await plane.api.get(NODES);
    for (const { metadata } of items) await plane.api.remove(`${NODES}/${metadata.name}`);
    const { items: reports = [] } = await plane.api.get(QOS_NODES);
    for (const { metadata } of reports)
      await plane.api.remove(`${QOS_NODES}/${metadata.name}`).catch(() => undefined);
  });
  afterAll(() => plane?.stop());

  it("002-24 002-25 kubectl prints upstream's texts, once every node has observed the object", async () => {
    await makeObjects();
    await begin();
    const none = " | Unknown NoAgent: no node has an agent that reports";
    await untilSaid(plane.api, NQOS, none);
    await untilSaid(plane.api, EQOS, none);
    await createReport(plane.api, "node-1", { observed: await observedNow(plane.api) });
    await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 1 node, 0 pods`);
    await untilSaid(plane.api, EQOS, "EgressQoS Rules applied | True Applied: applied on 1 node, 0 pods");
    const get = async (...args: readonly string[]): Promise<readonly (readonly string[])[]> =>
      (await kubectl(plane, ["get", ...args])).all.split("\n").map((line) => line.split(/ {2,}/));
    expect(await get("networkqoses", "qos-external", "-n", "default", "-owide")).toEqual([
      ["NAME", "STATUS"],
      ["qos-external", APPLIED],
    ]);
    expect(await get("egressqoses")).toEqual([
      ["NAME", "STATUS"],
      ["default", "EgressQoS Rules applied"],
    ]);
  });

  it("an edit is applied when the last node has it; a node's failure is said within 2 s and heals", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    await observeAll("node-1", "node-2");
    await begin();
    await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 2 nodes, 0 pods`);
    const edited = await edit(11);
    await untilSaid(plane.api, NQOS, " | Unknown Pending: not yet applied on 2 of 2 nodes: node-1, node-2");
    const observed = await observedNow(plane.api);
    const objects = [entryOf(edited, "NetworkQoS", { pods: 3 })];
    await writeReport(plane.api, "node-1", { observed, objects });
    await untilSaid(plane.api, NQOS, " | Unknown Pending: not yet applied on 1 of 2 nodes: node-2");
    await writeReport(plane.api, "node-2", { observed });
    await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 2 nodes, 3 pods`);
    const failed = [entryOf(edited, "NetworkQoS", { state: "failed", message: "no ipset" })];
    await writeReport(plane.api, "node-2", { observed, objects: failed });
    await untilSaid(
      plane.api,
      NQOS,
      `${NOT} | False Failed: not applied on 1 of 2 nodes: node-2: no ipset`,
      2_000,
    );
    await writeReport(plane.api, "node-2", { observed, objects: [] });
    await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 2 nodes, 3 pods`);
  });

  it("what no definition can see is said by the controller", async () => {
    const bad = knowsBetter.find(({ title }) => title === "Keys of labels");
    await plane.api.create(policyPath("NetworkQoS", "default"), bad?.object ?? {});
    await begin();
    const path = `${policyPath("NetworkQoS", "default")}/known-better`;
    const object = await eventually("it is said to be invalid", async () => {
      const one = await plane.api.get<Qos>(path);
      return readyOf(one)?.reason === "Invalid" ? one : undefined;
    });
    expect([object.status?.status, readyOf(object)?.status]).toEqual([NOT, "False"]);
    expect(readyOf(object)?.message).toMatch(bad?.message ?? /^$/);
    await plane.api.remove(path);
  });

  const QUICK = ["--silent-after", "3s"] as const;
  const SILENT = " | Unknown NodeSilent: 1 node with pods of it is silent: node-2; applied on 1 node, 0 pods";
  const ALONE = "EgressQoS Rules applied | True Applied: applied on 1 node, 0 pods; 1 node is silent: node-2";
  const BOTH = `${APPLIED} | True Applied: applied on 2 nodes, 2 pods`;

  it("an agent that falls silent: NodeSilent where it had pods, and no flapping, by clocks minutes off", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    const objects = [entryOf(await plane.api.get<Qos>(NQOS), "NetworkQoS", { pods: 2 })];
    keepWriting("node-1", [], 10);
    const kill = keepWriting("node-2", objects, -10);
    await begin(...QUICK);
    await untilSaid(plane.api, NQOS, BOTH);
    const before = writesTo("qos-external");
    await sleep(1_000);
    await kill();
    const died = performance.now();
    await untilSaid(plane.api, NQOS, SILENT);
    expect(performance.now() - died).toBeGreaterThan(2_200);
    await untilSaid(plane.api, EQOS, ALONE);
    keepWriting("node-2", objects, -10);
    await untilSaid(plane.api, NQOS, BOTH);
    expect(writesTo("qos-external") - before).toBe(2);
  });

  it("a restart is not seen in any status, be it applied or NodeSilent", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    const objects = [entryOf(await plane.api.get<Qos>(NQOS), "NetworkQoS", { pods: 2 })];
    await writeReport(plane.api, "node-2", { observed: await observedNow(plane.api), objects });
    keepWriting("node-1", []);
    let controller = await begin(...QUICK);
    await untilSaid(plane.api, NQOS, SILENT);
    await untilSaid(plane.api, EQOS, ALONE);
    const versions = async (): Promise<readonly string[]> =>
      Promise.all([NQOS, EQOS].map(async (path) => (await plane.api.get(path)).metadata.resourceVersion));
    const before = await versions();
    for (let turn = 0; turn < 2; turn += 1) {
      await controller.kill();
      controller = await begin(...QUICK);
      // Longer than it takes to be sure of each node.
      await sleep(turn === 0 ? 500 : 4_500);
      expect(await versions()).toEqual(before);
    }
  });

  it("two at once, one of which began later: a node that falls silent is said to be by a few writes", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    const objects = [entryOf(await plane.api.get<Qos>(NQOS), "NetworkQoS", { pods: 2 })];
    keepWriting("node-1", []);
    const kill = keepWriting("node-2", objects);
    await begin(...QUICK);
    await untilSaid(plane.api, NQOS, BOTH);
    await kill();
    const before = writesTo("qos-external");
    await sleep(1_500);
    await begin(...QUICK);
    await untilSaid(plane.api, NQOS, SILENT);
    await sleep(4_500);
    expect(said(await plane.api.get<Qos>(NQOS))).toBe(SILENT);
    expect(writesTo("qos-external") - before).toBe(1);
    keepWriting("node-2", objects);
    await untilSaid(plane.api, NQOS, BOTH);
    await sleep(1_500);
    expect(said(await plane.api.get<Qos>(NQOS))).toBe(BOTH);
    expect(writesTo("qos-external") - before).toBeLessThanOrEqual(4);
  });

  it("the report of a node that is gone is removed, and counts no longer", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    await observeAll("node-1");
    await begin();
    await untilSaid(plane.api, NQOS, " | Unknown Pending: not yet applied on 1 of 2 nodes: node-2");
    await plane.api.remove(`${NODES}/node-2`);
    await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 1 node, 0 pods`);
    await eventually("its QoSNode is gone", async () =>
      (await plane.api.ask("GET", `${QOS_NODES}/node-2`)).status === 404 ? true : undefined,
    );
    expect((await plane.api.ask("GET", `${QOS_NODES}/node-1`)).status).toBe(200);
  });

  it("--per-node-conditions: a condition for each node, as OVN-Kubernetes has them, and none for a node that is gone", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    const foreign = { type: "Ready-In-Zone-other", status: "True", reason: "Success", message: "of another" };
    const conditions = [{ ...foreign, lastTransitionTime: "2026-01-01T00:00:00Z" }];
    await plane.api.patch(`${NQOS}/status`, { status: { conditions } });
    await observeAll("node-1", "node-2");
    await begin("--per-node-conditions");
    const zones = async (): Promise<string> =>
      ((await plane.api.get<Qos>(NQOS)).status?.conditions ?? [])
        .filter(({ type }) => type !== "Ready")
        .map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`)
        .toSorted()
        .join("\n");
    const other = "Ready-In-Zone-other True Success: of another";
    let last = "";
    const until = (text: string): Promise<true> =>
      eventually(text, async () => ((last = await zones()) === text ? true : undefined), {
        withinMs: 20_000,
        why: () => `there is\n${last}`,
      });
    await until([zoneOf("node-1"), zoneOf("node-2"), other].join("\n"));
    await plane.api.remove(`${NODES}/node-2`);
    await until([zoneOf("node-1"), other].join("\n"));
    const before = writesTo("qos-external");
    await sleep(2_500);
    expect(writesTo("qos-external") - before).toBe(0);
  });

  it("killed and started anew again and again, and two at once by mistake: they come to the same, and do not fight", async () => {
    await makeObjects();
    for (const name of ["node-1", "node-2"]) await createReport(plane.api, name);
    await observeAll("node-1", "node-2");
    let [one, other] = [await begin(), await begin()];
    for (let turn = 0; turn < repetitions(20); turn += 1) {
      const before = writesTo("qos-external");
      const edited = await edit(turn + 1);
      const objects = [entryOf(edited, "NetworkQoS", { pods: 2 })];
      await one.kill();
      one = await begin();
      await writeReport(plane.api, "node-1", { observed: await observedNow(plane.api), objects });
      const pending = await plane.api.get<Qos>(NQOS);
      expect(
        readyOf(pending)?.observedGeneration === edited.metadata.generation ? said(pending) : "",
      ).not.toContain(APPLIED);
      await writeReport(plane.api, "node-2", { observed: await observedNow(plane.api) });
      await untilSaid(plane.api, NQOS, `${APPLIED} | True Applied: applied on 2 nodes, 2 pods`);
      const settled = writesTo("qos-external");
      expect(settled - before).toBeLessThanOrEqual(6);
      await other.kill();
      other = await begin();
      await sleep(2_500);
      expect(writesTo("qos-external") - settled).toBe(0);
      expect(said(await plane.api.get<Qos>(NQOS))).toContain(APPLIED);
    }
  });

  it("--objects off: no status is touched", async () => {
    await makeObjects();
    await createReport(plane.api, "node-1", { observed: await observedNow(plane.api) });
    const controller = await begin("--objects", "off");
    await sleep(1_000);
    expect(said(await plane.api.get<Qos>(NQOS))).toBe("nothing");
    expect((await controller.page("/healthz")).text).toBe("ok\n");
    expect((await controller.page("/metrics")).code).toBe(404);
    await controller.stop();
  });

  it("the pod of its Deployment is such as the API server takes, and may nothing on its node", async () => {
    type Deployment = KubeObject & { readonly spec: { readonly template: { readonly spec: object } } };
    const deployment = "/apis/apps/v1/namespaces/pod-qos-system/deployments/pod-qos-controller";
    const { spec } = (await plane.api.get<Deployment>(deployment)).spec.template;
    const { status, body } = await plane.api.ask(
      "POST",
      "/api/v1/namespaces/pod-qos-system/pods?dryRun=All&fieldValidation=Strict",
      { value: { metadata: { name: "pod-qos-controller-x" }, spec } },
    );
    expect([status, body.message]).toEqual([201, undefined]);
    expect(body).toMatchObject({
      spec: {
        securityContext: { runAsNonRoot: true },
        containers: [
          { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
        ],
      },
    });
  });

  it("it asked for nothing beyond its role, and needed every right of it", async () => {
    const [rights, calls] = [await controllerRights(plane), controllerCalls(plane)];
    expect(callsBeyond(rights, calls)).toEqual([]);
    expect(unusedRights(rights, calls)).toEqual([]);
  });
});
