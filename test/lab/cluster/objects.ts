/** Objects of the API as the lab writes and reads them, and where they are (pure). */
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";
import type { Annotations } from "./runtime-call.ts";

export type KubePod = KubeObject & {
  readonly spec: { readonly nodeName?: string; readonly terminationGracePeriodSeconds?: number };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
  };
};

export type PodWish = {
  readonly name: string;
  /** Default "default". */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Annotations;
  /** Left out: for whoever binds it. */
  readonly nodeName?: string;
};

export const NAMESPACES = "/api/v1/namespaces";
export const NODES = "/api/v1/nodes";
export const PODS = "/api/v1/pods";

/** Of all pods of a namespace, or of one. */
export const podPath = (namespace: string, name?: string): string =>
  `${NAMESPACES}/${namespace}/pods${name === undefined ? "" : `/${name}`}`;

/** What `kubectl create` would send. Nobody pulls the image. */
export const podObject = ({ name, labels, annotations, nodeName }: PodWish): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  },
  spec: {
    ...(nodeName === undefined ? {} : { nodeName }),
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    tolerations: [{ operator: "Exists" }],
    containers: [{ name: "main", image: "localhost/pause:1", imagePullPolicy: "Never" }],
  },
});

export const nodeObject = (name: string): object => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
});

/** What a kubelet notes in a pod's annotations of where it is from. */
export const CONFIG = {
  hash: "kubernetes.io/config.hash",
  mirror: "kubernetes.io/config.mirror",
  seen: "kubernetes.io/config.seen",
  source: "kubernetes.io/config.source",
} as const;

export const NODE_ADDRESS = "192.0.2.1";

export const nodeStatus = (): object => ({
  status: {
    addresses: [{ type: "InternalIP", address: NODE_ADDRESS }],
    capacity: { cpu: "2", memory: "4Gi", pods: "250" },
    allocatable: { cpu: "2", memory: "4Gi", pods: "250" },
    conditions: [condition("Ready", "KubeletReady")],
  },
});

export const runningStatus = (addresses: readonly string[]): object => ({
  status: {
    phase: "Running",
    hostIP: NODE_ADDRESS,
    hostIPs: [{ ip: NODE_ADDRESS }],
    ...(addresses[0] === undefined ? {} : { podIP: addresses[0] }),
    podIPs: addresses.map((ip) => ({ ip })),
    startTime: now(),
    conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => condition(type)),
    containerStatuses: [
      {
        name: "main",
        image: "localhost/pause:1",
        imageID: "",
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: now() } },
      },
    ],
  },
});

const condition = (type: string, reason?: string): object => ({
  type,
  status: "True",
  lastTransitionTime: now(),
  ...(reason === undefined ? {} : { reason, lastHeartbeatTime: now() }),
});

/** The API wants whole seconds. */
const now = (): string => `${new Date().toISOString().slice(0, 19)}Z`;

export const keyOf = ({
  namespace = "default",
  name,
}: {
  readonly namespace?: string | undefined;
  readonly name: string;
}): string => `${namespace}/${name}`;
