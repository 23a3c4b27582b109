/** A pod prod/web-1 of containerd as ADD hears of it, and what is known of it beside. */
import { parseRequest, type Annotations, type Labels, type Request } from "../../../plugin/cni/request.ts";
import { objectsOf } from "../../../plugin/knowledge/objects.ts";
import type { Knowledge } from "../../../plugin/knowledge/knowledge.ts";
import type { Snapshot } from "../../../plugin/knowledge/snapshot.ts";

export const uid = "0b9c0ed1-7c4e-4a67-9d5e-5dbd6a5c1f00";
export const hash = "0123456789abcdef0123456789abcdef";

export type PodSaying = {
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly ifname?: string;
  /** undefined: the runtime hands none on. */
  readonly annotations?: Annotations | undefined;
  readonly bandwidth?: unknown;
  readonly labels?: Labels;
  readonly args?: Readonly<Record<string, string>>;
};

export function podRequest(saying: PodSaying = {}): Request {
  const { conf = {}, ifname = "eth0", bandwidth, labels } = saying;
  const annotations = "annotations" in saying ? saying.annotations : {};
  const args = saying.args ?? { K8S_POD_NAMESPACE: "prod", K8S_POD_NAME: "web-1", K8S_POD_UID: uid };
  return parseRequest(
    { verb: "ADD", containerId: "c1", netns: "/run/netns/pod", ifname, args },
    {
      cniVersion: "1.0.0",
      name: "podnet",
      type: "pod-qos",
      runtimeConfig: { bandwidth, "io.kubernetes.cri.pod-annotations": annotations },
      ...(labels && { args: { cni: { labels } } }),
      ...conf,
    },
  );
}

export type Knowing = {
  readonly source?: Knowledge["source"];
  readonly labels?: Labels;
  readonly annotations?: Annotations;
  readonly isUnknown?: boolean;
  readonly snapshot?: Snapshot;
};

export function knowing({
  source = "agent",
  labels = {},
  annotations = {},
  isUnknown,
  snapshot,
}: Knowing): Knowledge {
  return {
    source,
    pod: isUnknown === true ? undefined : { labels, annotations },
    objects: snapshot && objectsOf(snapshot),
  };
}

/** As containerd sends it: capitals, and a burst that nobody asked for. */
export const containerds = (ingress: number, egress: number): object => ({
  IngressRate: ingress,
  IngressBurst: 2 ** 32 - 1,
  EgressRate: egress,
  EgressBurst: 2 ** 32 - 1,
});
