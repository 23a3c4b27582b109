/** 002-24 12.4: the controller of a cluster of 1000 nodes, by simulation: fake agents report by the agent's own code to a real API server. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type Connection } from "../../plugin/kube/connect.ts";
import { follow, type Change } from "../../plugin/kube/follow.ts";
import { ownedResource } from "../../plugin/kube/owned.ts";
import { qosNodeResource } from "../../plugin/report/qos-node.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { agentToken } from "../lab/cluster/agent-plane.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { controllerKubeconfig, startController, type Controller } from "../lab/cluster/controller.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { applyInstall, policyPath } from "../lab/cluster/installed.ts";
import { nodeObject, NAMESPACES, NODES } from "../lab/cluster/objects.ts";
import { readyOf, said, type Qos } from "../lab/cluster/statuses.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { residentOf, secondsOf, shareOf } from "../lab/measure/spent.ts";
import { suite } from "../lab/node/needs.ts";
import { startMany, type Many } from "../lab/scale/many-agents.ts";
import { namespaceName, nodeName } from "../lab/scale/names.ts";

const nodes = 1000;
const namespaces = 10;
const perNamespace = 10;
const edits = 6;
const settleMs = 10_000;

const needs = { plugin: true, kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] };

const objectOf = (name: string, dscp: number): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name },
  spec: {
    priority: 10,
    podSelector: { matchLabels: { app: "scale" } },
    egress: [{ dscp, bandwidth: { rate: 20_000, burst: 100 } }],
  },
});

const count = (into: Map<string, number>, changes: readonly Change[]): void => {
  for (const change of changes)
    if (change.kind === "changed") into.set(keyOf(change.is), (into.get(keyOf(change.is)) ?? 0) + 1);
};

const isApplied = (object: Qos | undefined): boolean =>
  object !== undefined &&
  readyOf(object)?.observedGeneration === object.metadata.generation &&
  said(object) === `NetworkQoS Destinations applied | True Applied: applied on ${nodes} nodes, ${nodes} pods`;

/** `writes`: of its status. */
type Edited = { readonly seconds: number; readonly writes: number };

const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(0);

/** Seconds of the processor, of the API server and of the controller. */
const spent = (plane: ControlPlane, { pid }: Controller): readonly [number, number] => [
  secondsOf(plane.apiServerPid()),
  secondsOf(pid),
];

/** So many at once. */
const inParallel = async (
  times: number,
  make: (at: number) => Promise<unknown>,
  atOnce = 16,
): Promise<void> => {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < times) await make((next += 1) - 1);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
};

suite(`a controller of ${nodes} nodes and ${namespaces * perNamespace} objects`, needs, () => {
  let plane: ControlPlane;
  let controller: Controller;
  let many: Many;
  let connection: Connection;
  const ending = new AbortController();
  /** How often each has been written. */
  const writes = { nodes: new Map<string, number>(), objects: new Map<string, number>() };
  const objects = new Map<string, Qos>();
  let mostMb = 0;

  const watch = (): void => {
    const { signal } = ending;
    follow({
      connection,
      resource: { ...qosNodeResource, isMetadataOnly: true },
      signal,
      onChange: (_now, changes) => count(writes.nodes, changes),
    });
    follow({
      connection,
      resource: ownedResource("networkqoses"),
      signal,
      onChange: ({ items }, changes) => {
        count(writes.objects, changes);
        for (const [key, item] of items) objects.set(key, item as unknown as Qos);
      },
    });
  };
  const edit = async (at: number): Promise<Edited> => {
    const [namespace, name] = [namespaceName(at % namespaces), `video-${at % perNamespace}`];
    const key = `${namespace}/${name}`;
    const had = writes.objects.get(key) ?? 0;
    const began = performance.now();
    const { metadata } = await plane.api.patch<Qos>(
      `${policyPath("NetworkQoS", namespace)}/${name}`,
      objectOf(name, 10 + at),
    );
    const isSettled = (): boolean =>
      isApplied(objects.get(key)) && objects.get(key)?.metadata.generation === metadata.generation;
    await eventually(`${key} is applied`, () => (isSettled() ? true : undefined), { withinMs: 120_000 });
    const settledMs = performance.now() - began;
    // What comes later is the edit's as well.
    await sleep(3_000);
    return { seconds: settledMs / 1000, writes: (writes.objects.get(key) ?? 0) - had - 1 };
  };

  beforeAll(async () => {
    plane = await createCluster();
    await applyInstall(plane);
    connection = await connect({ kubeconfig: plane.kubeconfig });
    await inParallel(nodes, (at) => plane.api.create(NODES, nodeObject(nodeName(at))));
    await inParallel(namespaces, async (at) => {
      const namespace = namespaceName(at);
      await plane.api.create(NAMESPACES, { metadata: { name: namespace } });
      for (let each = 0; each < perNamespace; each += 1)
        await plane.api.create(policyPath("NetworkQoS", namespace), objectOf(`video-${each}`, 8));
    });
    watch();
    controller = await startController(plane, { kubeconfig: await controllerKubeconfig(plane) });
    const kubeconfig = plane.kubeconfigFor("agents", { token: await agentToken(plane) });
    const began = performance.now();
    many = await startMany(plane, { kubeconfig, nodes, namespaces });
    await eventually("each node has reported", () => (writes.nodes.size === nodes ? true : undefined), {
      withinMs: 400_000,
      everyMs: 100,
      why: () => `${writes.nodes.size} have\n${many.log().slice(-2_000)}`,
    });
    await eventually(
      "each object is applied",
      () => ([...objects.values()].every(isApplied) ? true : undefined),
      { withinMs: 120_000, everyMs: 100, why: () => [...objects.values()].map(said).join("\n") },
    );
    const [server, own] = spent(plane, controller);
    console.log(
      `all began within ${seconds(began)} s: API server ${server.toFixed(0)} s of CPU, controller ${own.toFixed(1)} s`,
    );
  }, 900_000);
  afterAll(async () => {
    ending.abort();
    connection?.close();
    await many?.[Symbol.asyncDispose]();
    await controller?.kill();
    await plane?.stop();
  });

  test("an edit settles within seconds, by few writes", async () => {
    const machine = await crowding();
    const sampling = setInterval(() => (mostMb = Math.max(mostMb, residentOf(controller.pid))), 200);
    // From here on none has to renew within a minute.
    await edit(0);
    const before = new Map(writes.nodes);
    const [serverBefore, controllerBefore] = spent(plane, controller);
    const seen: Edited[] = [];
    for (let at = 1; at <= edits; at += 1) seen.push(await edit(at));
    const [settled, toObject] = [seen.map((each) => each.seconds), seen.map((each) => each.writes)];
    const [server, own] = spent(plane, controller);
    clearInterval(sampling);
    const perNode = Array.from(writes.nodes, ([node, all]) => (all - (before.get(node) ?? 0)) / edits);
    console.log(`settled in ${settled.map((s) => s.toFixed(1)).join(" ")} s; writes ${toObject.join(" ")}`);
    console.log(
      `an edit: API server ${((server - serverBefore) / edits).toFixed(1)} s of CPU, controller ${((own - controllerBefore) / edits).toFixed(2)} s`,
    );
    figure("an edit settles, in s", Math.max(...settled), { atMost: (settleMs / 1000) * machine });
    figure("writes to the edited object", Math.max(...toObject), { atMost: 3 });
    // Each has written for each edit.
    expect(Math.min(...perNode)).toBe(1);
    figure("writes to a QoSNode per edit", Math.max(...perNode), { atMost: 1 });
    figure("API server per edit, in s of CPU", (server - serverBefore) / edits, {});
    figure("controller's memory, in MB", mostMb, { atMost: 250 });
  });

  test("renewals alone cost the controller little, and change no status", async () => {
    const before = new Map(writes.objects);
    const share = await shareOf(controller.pid, 75);
    figure("controller while all renew, in % of a core", share * 100, { atMost: 10 * (await crowding()) });
    expect(writes.objects).toEqual(before);
  });
});

const keyOf = (object: object): string => {
  const { metadata } = object as Qos;
  return [...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join("/");
};
