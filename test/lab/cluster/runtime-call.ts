/** What a kubelet and containerd tell a CNI plugin of a pod: as in test/unit/fixtures/containerd-1.6-add.* (pure). */
import { parseQuantity } from "../../../plugin/policy/cap/quantity.ts";

export type Annotations = Readonly<Record<string, string>>;

export type SandboxIdentity = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containerId: string;
};

/** CNI_ARGS. */
export const cniArgsOf = ({ namespace, name, uid, containerId }: SandboxIdentity): string =>
  [
    "IgnoreUnknown=1",
    `K8S_POD_NAMESPACE=${namespace}`,
    `K8S_POD_NAME=${name}`,
    `K8S_POD_INFRA_CONTAINER_ID=${containerId}`,
    `K8S_POD_UID=${uid}`,
  ].join(";");

/** Values of capabilities. */
export const capabilitiesOf = (annotations: Annotations): Readonly<Record<string, unknown>> => {
  const bandwidth = bandwidthOf(annotations);
  return {
    "io.kubernetes.cri.pod-annotations": annotations,
    ...(bandwidth === undefined ? {} : { bandwidth }),
  };
};

/** containerd's spelling and its burst of all ones; a direction that nobody asks for has zeros. */
const bandwidthOf = (annotations: Annotations): object | undefined => {
  const [ingress, egress] = ["ingress", "egress"].map((direction) => {
    const text = annotations[`kubernetes.io/${direction}-bandwidth`];
    return text === undefined ? undefined : Number(parseQuantity(text) ?? 0n);
  });
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    IngressRate: ingress ?? 0,
    IngressBurst: burst(ingress),
    EgressRate: egress ?? 0,
    EgressBurst: burst(egress),
  };
};

const burst = (rate: number | undefined): number => (rate === undefined ? 0 : 0xffff_ffff);
