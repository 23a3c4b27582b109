/** A control plane that has install/kubernetes, for an agent with the account that it gives. */
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { tokenOf } from "./accounts.ts";
import { createCluster } from "./cluster.ts";
import { applyInstall } from "./installed.ts";

/** What a test with an agent on a lab node of such a plane cannot do without. */
export const agentNeeds = {
  plugin: true,
  kubernetes: ["kube-apiserver", "etcd", "kubectl"],
  peers: ["bridge", "host-local"],
  tools: ["openssl", "socat", "curl"],
} as const;

export type AgentPlane = {
  readonly plane: ControlPlane;
  /** The agent's. */
  readonly kubeconfig: string;
};

export const createAgentPlane = async (
  options: Parameters<typeof createCluster>[0] = {},
): Promise<AgentPlane> => {
  const plane = await createCluster(options);
  try {
    await applyInstall(plane);
    return { plane, kubeconfig: plane.kubeconfigFor("agent", { token: await agentToken(plane) }) };
  } catch (error) {
    await plane.stop();
    throw error;
  }
};

/** As the audit log calls who has it. */
export const AGENT_ACCOUNT = "system:serviceaccount:kube-system:pod-qos-agent";

export const agentToken = ({ api }: ControlPlane, boundObjectRef?: object): Promise<string> =>
  tokenOf(api, "pod-qos-agent", { namespace: "kube-system", ...(boundObjectRef && { boundObjectRef }) });
