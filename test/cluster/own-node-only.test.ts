/** What the token of an agent's pod may write, where the component own-node-only is installed (12.4). */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectApi, type Api, type KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until } from "../lab/agent/agent.ts";
import { AGENT_NAMESPACE, agentToken } from "../lab/cluster/agent-plane.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { applyInstall, INSTALL, QOS_NODES } from "../lab/cluster/installed.ts";
import { nodeObject, NODES, podPath } from "../lab/cluster/objects.ts";
import { suite } from "../lab/node/needs.ts";

const needs = { kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] };

suite("with own-node-only, the token of an agent's pod", needs, () => {
  let plane: ControlPlane;
  let agent: Api;
  let podless: Api;
  const nodes = new Map<string, string>();

  beforeAll(async () => {
    plane = await createCluster();
    await applyInstall(plane, withComponent(join(plane.folder, "layer")));
    for (const name of ["node-1", "node-2"])
      nodes.set(name, (await plane.api.create<KubeObject>(NODES, nodeObject(name))).metadata.uid);
    const pod = await plane.api.create<KubeObject>(podPath(AGENT_NAMESPACE), podOf("node-1"));
    const { name, uid } = pod.metadata;
    const bound = { apiVersion: "v1", kind: "Pod", name, uid };
    agent = await accountBy(await agentToken(plane, bound));
    podless = await accountBy(await agentToken(plane));
    // A policy is in force a moment after it is made.
    await until("the policy", async () => (await made(podless, "node-2")) === 403, 20_000);
  });
  afterAll(async () => {
    for (const api of [agent, podless]) api?.close();
    await plane?.stop();
  });

  const accountBy = async (token: string): Promise<Api> =>
    connectApi(plane.server, plane.certificates.authority, { token });
  const made = async (by: Api, name: string, owner = name): Promise<number> => {
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: owner, uid: nodes.get(owner) }];
    const value = { apiVersion: "pod-qos.io/v1alpha1", kind: "QoSNode", metadata: { name, ownerReferences } };
    return (await by.ask("POST", `${QOS_NODES}?dryRun=All`, { value })).status;
  };

  test("makes the QoSNode of its node, owned by that node, and no other", async () => {
    expect([
      await made(agent, "node-1"),
      await made(agent, "node-2"),
      await made(agent, "node-1", "node-2"),
      await made(podless, "node-1"),
    ]).toEqual([201, 403, 403, 403]);
  });

  test("writes the status of its node, and of no other", async () => {
    for (const name of nodes.keys()) await plane.api.create(QOS_NODES, { ...qosNode, metadata: { name } });
    const status = {
      status: { agent: { version: "1", started: "2026-01-01T00:00:00Z" }, renewed: "2026-01-01T00:00:00Z" },
    };
    const by = (api: Api, name: string): Promise<number> =>
      applied(api, `${QOS_NODES}/${name}/status`, status);
    expect([await by(agent, "node-1"), await by(agent, "node-2"), await by(podless, "node-1")]).toEqual([
      200, 403, 403,
    ]);
    const answer = await agent.ask("PATCH", `${QOS_NODES}/node-2/status`, {
      type: "application/merge-patch+json",
      value: status,
    });
    expect(answer.body.message).toContain("an agent may write the QoSNode of its own node alone, node-1");
  });

  test.each([
    ["the spec of a NetworkQoS", "/apis/k8s.ovn.org/v1alpha1/namespaces/default/networkqoses/a"],
    ["the status of a NetworkQoS", "/apis/k8s.ovn.org/v1alpha1/namespaces/default/networkqoses/a/status"],
    ["a pod", podPath("default", "a")],
    ["its own pod", podPath(AGENT_NAMESPACE, "pod-qos-agent-x")],
    ["its Node", `${NODES}/node-1`],
    ["the labels of its QoSNode", `${QOS_NODES}/node-1`],
  ])("does not write %s", async (_, path) => {
    expect(await applied(agent, path, { metadata: { labels: { a: "b" } } })).toBe(403);
  });

  test("others are not held back by it", async () => {
    expect(await made(plane.api, "node-3", "node-2")).toBe(201);
  });
});

const applied = async (by: Api, path: string, value: object): Promise<number> =>
  (await by.ask("PATCH", path, { type: "application/merge-patch+json", value })).status;

const qosNode = { apiVersion: "pod-qos.io/v1alpha1", kind: "QoSNode" };

const podOf = (nodeName: string): object => ({
  metadata: { name: "pod-qos-agent-x" },
  spec: {
    nodeName,
    serviceAccountName: "pod-qos-agent",
    containers: [{ name: "a", image: "localhost/pause:1" }],
  },
});

const withComponent = (folder: string): string => {
  mkdirSync(folder, { recursive: true });
  const base = relative(realpathSync(folder), INSTALL);
  const layer = { resources: [base], components: [`${base}/own-node-only`] };
  writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(layer));
  return folder;
};
