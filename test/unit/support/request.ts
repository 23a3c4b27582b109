import type { Call } from "../../../plugin/cni/call.ts";
import { parseRequest, type Annotations, type Request } from "../../../plugin/cni/request.ts";
import { decidePolicy, noRules, type Policy } from "../../../plugin/policy/policy.ts";

/** What a test says about one attachment; the rest is a plain containerd ADD. */
export type Saying = {
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
  /** Those of namespace prod, where the pod is then. */
  readonly ofNamespace?: Annotations;
  readonly bandwidth?: unknown;
  readonly ifname?: string;
};

export function requestOf({ conf = {}, annotations, bandwidth, ifname = "eth0" }: Saying): Request {
  const call: Call = { verb: "ADD", containerId: "c1", netns: "/run/netns/pod", ifname, args: {} };
  const runtimeConfig = { bandwidth, "io.kubernetes.cri.pod-annotations": annotations };
  return parseRequest(call, { cniVersion: "1.0.0", name: "podnet", type: "pod-qos", runtimeConfig, ...conf });
}

export function policyOf(saying: Saying): Policy {
  return decidePolicy(inNamespace(saying), noRules);
}

function inNamespace(saying: Saying): Request {
  const request = requestOf(saying);
  const { ofNamespace: namespaceAnnotations } = saying;
  if (namespaceAnnotations === undefined) return request;
  return { ...request, pod: { ...request.pod, namespace: "prod", namespaceAnnotations } };
}
