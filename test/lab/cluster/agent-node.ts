/** A lab node of a control plane, with a kubelet and all that an agent on it needs. */
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { startAgent, until, type Agent, type AgentOptions } from "../agent/agent.ts";
import type { Conflist } from "../plugin/conflist.ts";
import { marksOf } from "../traffic/marks.ts";
import { createNode, type LabNode } from "../node/node.ts";
import { policyPath } from "./installed.ts";
import { startKubelet, type Kubelet } from "./kubelet.ts";
import { podObject, podPath, type PodWish } from "./objects.ts";
import { podNetwork } from "./pod-network.ts";
import { reachFrom, type Reach } from "./reach.ts";
import type { Sandbox } from "./sandbox.ts";
import { capsOfSandbox } from "./sandbox-caps.ts";

export type AgentNode = {
  readonly node: LabNode;
  readonly reach: Reach;
  readonly kubelet: Kubelet;
  /** Those that are still at work are killed with the node. */
  readonly begin: (options?: Omit<AgentOptions, "args"> & { readonly kubeconfig?: string }) => Promise<Agent>;
  readonly running: (wish: PodWish) => Promise<Sandbox>;
  /** From this pod, by the kernel. */
  readonly egressOf: (sandbox: Sandbox) => Promise<string | undefined>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type AgentNodeOptions = {
  readonly plane: ControlPlane;
  readonly kubeconfig: string;
  readonly name?: string;
  /** More for pod-qos' entry. */
  readonly conf?: Readonly<Record<string, unknown>>;
  /** What its pods are added by; default: a bridge with pod-qos behind it. */
  readonly conflist?: Conflist;
  /** Its kubelet binds the pods, as a scheduler does, a moment after they are made. Default: they are made for the node. */
  readonly binds?: boolean;
};

export const agentNode = async (options: AgentNodeOptions): Promise<AgentNode> => {
  const { plane, kubeconfig, name = "node-1", conf = {}, binds = false } = options;
  const node = await createNode();
  const reach = await reachFrom(node, plane);
  const { conflist = podNetwork({ conf }) } = options;
  const kubelet = await startKubelet({ api: plane.api, node, name, conflist, binds, retryMs: 200 });
  const agents: Agent[] = [];
  return {
    node,
    reach,
    kubelet,
    begin: async ({ kubeconfig: its = kubeconfig, ...more } = {}) => {
      const agent = await startAgent(node, { ...more, args: ["--node", name, "--kubeconfig", its] });
      agents.push(agent);
      return agent;
    },
    running: async (wish) => {
      const bound = binds ? wish : { nodeName: name, ...wish };
      await plane.api.create(podPath(wish.namespace ?? "default"), podObject(bound));
      return kubelet.running(wish.name, { namespace: wish.namespace ?? "default" });
    },
    egressOf: async (sandbox) => (await capsOfSandbox(node, sandbox)).egress?.rate,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(agents.map((agent) => agent.kill()));
      await kubelet.stop();
      await node[Symbol.asyncDispose]();
      // Of a server that is away no test has any use.
      await removePods(plane, name).catch(() => undefined);
    },
  };
};

/** In the kernel. */
export const marked = (
  what: string,
  { pod }: Sandbox,
  dscps: readonly number[],
  withinMs = 70_000,
): Promise<number> =>
  until(
    `${what}: ${dscps.join() || "no mark"}`,
    async () => (await marksOf(pod)).join() === dscps.join(),
    withinMs,
  );

export const egressQos = (dscp: number, app: string): object => ({
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS",
  metadata: { name: "default" },
  spec: { egress: [{ dscp, podSelector: { matchLabels: { app } } }] },
});

export const egressQosPath = (namespace = "default"): string =>
  `${policyPath("EgressQoS", namespace)}/default`;

const removePods = async ({ api }: ControlPlane, nodeName: string): Promise<void> => {
  const { items = [] } = await api.get(`/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`);
  for (const { metadata } of items)
    await api.remove(podPath(metadata.namespace ?? "default", metadata.name), { gracePeriodSeconds: 0 });
};
