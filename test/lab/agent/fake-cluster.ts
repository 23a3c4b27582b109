/** A fake API server that a lab node reaches: what it has of pods and objects, and the agent that follows it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authority, kubeconfig } from "../node/authority.ts";
import { reachFrom } from "../cluster/reach.ts";
import { fakeApi, type FakeApi } from "./fake-api.ts";
import type { LabNode } from "../node/node.ts";

export type FakeCluster = {
  readonly api: FakeApi;
  /** For an agent on the node. */
  readonly agentArgs: readonly string[];
  readonly stop: () => Promise<void>;
};

export const PODS = "/api/v1/pods";
export const KINDS = {
  EgressQoS: "/apis/k8s.ovn.org/v1/egressqoses",
  NetworkQoS: "/apis/k8s.ovn.org/v1alpha1/networkqoses",
} as const;
const NAMESPACES = "/api/v1/namespaces";

export const fakeClusterNeeds = { plugin: true, tools: ["openssl", "socat", "curl", "ipset"] } as const;

/** Of these namespaces. */
export const openFakeCluster = async (node: LabNode, namespaces: readonly string[]): Promise<FakeCluster> => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-api-"));
  const made = authority(folder);
  const api = await fakeApi({ ...made, paths: [PODS, NAMESPACES, ...Object.values(KINDS)] });
  api.give(`${NAMESPACES}/kube-system`, { metadata: { name: "kube-system", uid: "this-cluster" } });
  for (const name of namespaces) api.put(NAMESPACES, name);
  await reachFrom(node, { ports: { api: api.port } });
  const file = join(folder, "kubeconfig");
  const cluster = { "certificate-authority-data": made.ca };
  writeFileSync(file, kubeconfig(`https://127.0.0.1:${api.port}`, cluster, { token: "any" }));
  return {
    api,
    agentArgs: ["--node", "node-1", "--kubeconfig", file, "--objects", "on"],
    stop: async () => {
      await api.stop();
      rmSync(folder, { recursive: true });
    },
  };
};
