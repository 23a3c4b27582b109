/** A control plane that has install/kubernetes, for an agent with the account that it gives. */
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { tokenOf, type PolicyRule } from "./accounts.ts";
import { auditOf, type AuditEvent } from "./audit.ts";
import { createCluster } from "./cluster.ts";
import { applyInstall } from "./installed.ts";
import { callsBeyond, rightsOf, type Right } from "./role.ts";

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

/** Its stop fails if the agent has asked for anything that the role it was given does not allow. */
export const createAgentPlane = async (): Promise<AgentPlane> => {
  const plane = await createCluster({ audit: true });
  try {
    await applyInstall(plane);
    const rights = await shippedRights(plane);
    const stop = async (): Promise<void> => {
      const beyond = callsBeyond(rights, agentCalls(plane));
      await plane.stop();
      if (beyond.length > 0)
        throw new Error(`the agent asked for what its role does not allow: ${JSON.stringify(beyond)}`);
    };
    const kubeconfig = plane.kubeconfigFor("agent", { token: await agentToken(plane) });
    return { plane: { ...plane, stop, [Symbol.asyncDispose]: stop }, kubeconfig };
  } catch (error) {
    await plane.stop();
    throw error;
  }
};

export const shippedRights = async ({ api }: ControlPlane): Promise<readonly Right[]> => {
  const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/pod-qos-agent";
  return rightsOf((await api.get<ClusterRole>(role)).rules);
};

/** All that the agent has asked of it. */
export const agentCalls = (plane: ControlPlane): readonly AuditEvent[] =>
  auditOf(plane).filter(({ user }) => user.username === AGENT_ACCOUNT);

type ClusterRole = KubeObject & { readonly rules: readonly PolicyRule[] };

/** Of install/kubernetes. */
export const AGENT_NAMESPACE = "pod-qos-system";

/** As the audit log calls who has it. */
export const AGENT_ACCOUNT = "system:serviceaccount:pod-qos-system:pod-qos-agent";

export const agentToken = ({ api }: ControlPlane, boundObjectRef?: object): Promise<string> =>
  tokenOf(api, "pod-qos-agent", { namespace: AGENT_NAMESPACE, ...(boundObjectRef && { boundObjectRef }) });
