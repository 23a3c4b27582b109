/**
 * What the agent of a node reports of it to the cluster: the status of its QoSNode. Pure.
 *
 * `observed` has, for EgressQoS and NetworkQoS, the resourceVersion up to which each change of a spec has been taken up here: every
 * attachment that it concerns has been decided by it and has what came of that, or the object is in `objects` as pending or failed.
 * So a node has applied an object's present spec if it has observed a version that is not older, and does not list the object as
 * pending or failed, and `unlisted` counts none that could be it. A kind that is not there is not applied here by pod-qos.
 */
import * as z from "zod/mini";

export const observedKinds = ["egressqoses", "networkqoses"] as const;
export type ObservedKind = (typeof observedKinds)[number];

/** Where QoSNodes are in the API. */
export const qosNodeResource = { group: "pod-qos.io", version: "v1alpha1", name: "qosnodes" } as const;
export const qosNodeKind = "QoSNode";

/** `renewed` is this old at most while the agent runs and reaches the API: it renews each 50 to 70 s. */
export const renewalMs = { least: 50_000, most: 70_000 } as const;

export type ObjectState = "applied" | "pending" | "failed";

/** An object that selects a pod of the node, or failed. */
export type ObjectEntry = {
  readonly kind: "EgressQoS" | "NetworkQoS";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The generation that the state is about. */
  readonly generation: number;
  readonly state: ObjectState;
  /** Pods of the node that it selects, or has something for still. */
  readonly pods: number;
  /** Why it is pending or failed: of the first 20, and 200 characters of it. */
  readonly message?: string;
};

export type QosNodeStatus = {
  readonly agent: { readonly version: string; readonly started: string };
  /** RFC 3339, with microseconds. */
  readonly renewed: string;
  readonly observed: Readonly<Partial<Record<ObservedKind, string>>>;
  readonly objects: readonly ObjectEntry[];
  /** How many entries there was no room for, by state. */
  readonly unlisted?: Readonly<Record<ObjectState, number>>;
  /** Pods of the node that pod-qos has a record of. */
  readonly pods: number;
  /** Those of them that have a limit, a mark or a class. */
  readonly limited: number;
  /** Those that wait for a decision. */
  readonly pending: number;
  /** Those that do not have what they should, or whose requests cannot be met. */
  readonly failed: number;
  /** "eth0 950M" */
  readonly uplink: string;
};

/** `status`: undefined where there is none yet, or none that this build can read. */
export type QosNode = {
  readonly name: string;
  readonly uid: string;
  readonly status: QosNodeStatus | undefined;
};

/** undefined for what is no object of the API. */
export function decodeQosNode(item: unknown): QosNode | undefined {
  const read = object.safeParse(item);
  if (!read.success) return undefined;
  const { name, uid } = read.data.metadata;
  const status = statusForm.safeParse(read.data.status);
  return { name, uid, status: status.success ? (status.data as QosNodeStatus) : undefined };
}

const object = z.object({
  metadata: z.object({ name: z.string(), uid: z.string() }),
  status: z.optional(z.unknown()),
});
const count = z.int().check(z.nonnegative());
const entry = z.object({
  kind: z.enum(["EgressQoS", "NetworkQoS"]),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  generation: count,
  state: z.enum(["applied", "pending", "failed"]),
  pods: count,
  message: z.optional(z.string()),
});
/** Go leaves out what is empty. */
const none = z.prefault(count, 0);
const statusForm = z.object({
  agent: z.object({ version: z.string(), started: z.string() }),
  renewed: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  observed: z.prefault(
    z.object({ egressqoses: z.optional(z.string()), networkqoses: z.optional(z.string()) }),
    {},
  ),
  objects: z.prefault(z.array(entry), []),
  unlisted: z.optional(z.object({ applied: none, pending: none, failed: none })),
  pods: none,
  limited: none,
  pending: none,
  failed: none,
  uplink: z.prefault(z.string(), ""),
});
