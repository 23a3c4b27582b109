/** A node of a real API server with the agent at work on it, as install/kubernetes gives it its account. */
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { startAgent, type Agent } from "../agent/agent.ts";
import type { Conflist } from "../plugin/conflist.ts";
import type { LabNode } from "../node/node.ts";
import { createAgentPlane } from "./agent-plane.ts";
import { startKubelet, type Kubelet } from "./kubelet.ts";
import { podObject, podPath, type PodWish } from "./objects.ts";
import { reachFrom } from "./reach.ts";
import type { Sandbox } from "./sandbox.ts";

export type LiveSite = {
  readonly plane: ControlPlane;
  readonly node: LabNode;
  readonly kubelet: Kubelet;
  readonly agent: Agent;
  /** Made through the API; resolves when it runs. */
  readonly run: (wish: PodWish) => Promise<Sandbox>;
  /** The clock of the day when the API server had answered. */
  readonly patch: (name: string, metadata: object) => Promise<number>;
  readonly end: () => Promise<void>;
};

/** `node` is the caller's until it is here, and ends with the site. `env`: of the agent. */
export const openLiveSite = async (
  node: LabNode,
  conflist: Conflist,
  env: Readonly<Record<string, string>> = {},
): Promise<LiveSite> => {
  const { plane, kubeconfig } = await createAgentPlane();
  await reachFrom(node, plane);
  const agent = await startAgent(node, { args: ["--node", "node-1", "--kubeconfig", kubeconfig], env });
  const kubelet = await startKubelet({ api: plane.api, node, name: "node-1", conflist, binds: true });
  return {
    plane,
    node,
    kubelet,
    agent,
    run: async (wish) => {
      await plane.api.create(podPath("default"), podObject(wish));
      return kubelet.running(wish.name, { withinMs: 180_000 });
    },
    patch: async (name, metadata) => {
      await plane.api.patch(podPath("default", name), { metadata });
      return performance.timeOrigin + performance.now();
    },
    end: async () => {
      await agent.kill();
      await kubelet.stop();
      await node[Symbol.asyncDispose]();
      await plane.stop();
    },
  };
};
