import { succeeded } from "./answers.ts";
import type { LabNode } from "../node/node.ts";
import { callPlugin, type PluginResult } from "./plugin.ts";
import type { Pod } from "../node/pod.ts";
import { wirePod, type Wire, type WireOptions } from "../node/wire.ts";

/** What a pod of a test wishes, and what the runtime tells of it. */
export interface Wishes {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  /** Laid over the conf. */
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly wire?: WireOptions;
}

/** A wired pod that the plugin was called for. */
export interface RuledPod {
  readonly pod: Pod;
  readonly wire: Wire;
  readonly call: (command: "ADD" | "CHECK" | "DEL", change?: Wishes) => Promise<PluginResult>;
  /** DEL, and the end of the namespace. */
  readonly end: () => Promise<void>;
}

export const podWith = async (node: LabNode, wishes: Wishes): Promise<RuledPod> => {
  const pod = await node.addPod();
  const ruled = await ruledPod(node, pod, wishes);
  succeeded(await ruled.call("ADD"));
  return ruled;
};

/** Where what the pod sends arrives. */
export const nodeEnd = (
  node: LabNode,
  { hostDevice }: Wire,
): { readonly ns: LabNode; readonly device: string } => ({
  ns: node,
  device: hostDevice,
});

/** Wired, and not called for yet. */
export const ruledPod = async (node: LabNode, pod: Pod, wishes: Wishes): Promise<RuledPod> => {
  const wire = await wirePod(node, pod, wishes.wire);
  const call: RuledPod["call"] = (command, change = {}) =>
    callPlugin(node, {
      command,
      containerId: pod.containerId,
      netns: pod.netns,
      ifname: wire.podDevice,
      args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${wishes.namespace ?? "default"};K8S_POD_NAME=${pod.name}`,
      conf: confOf(wire, { ...wishes, ...change }),
    });
  return {
    pod,
    wire,
    call,
    end: async () => {
      succeeded(await call("DEL"));
      await pod.remove();
    },
  };
};

const confOf = (wire: Wire, { annotations = {}, labels, conf }: Wishes): object => ({
  cniVersion: "1.0.0",
  name: "rules",
  type: "pod-qos",
  prevResult: wire.prevResult,
  runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
  ...(labels === undefined
    ? {}
    : { args: { cni: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) } } }),
  ...conf,
});
