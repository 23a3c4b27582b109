/** What is known of an attachment beside its request: ADD reads it from the agent's files, the agent has it in memory. Pure types. */
import type { ApiSource } from "../policy/manifests/combine.ts";
import type { Destinations } from "./destinations.ts";
import type { KnownPod } from "./pod.ts";
import type { KnownNamespace, Snapshot } from "./snapshot.ts";

export type Knowledge = {
  /** "stale": an agent that is not at work left it. Of its pods only the labels count. */
  readonly source: "agent" | "stale";
  /** undefined: the API has not shown this pod (yet). */
  readonly pod: Pick<KnownPod, "labels" | "annotations"> | undefined;
  /** undefined: no agent wrote what objects there are. */
  readonly objects: KnownObjects | undefined;
  /** undefined: nobody here follows pods that rules name. */
  readonly destinations?: Destinations;
};

export type KnownObjects = ApiSource & {
  /** The agent's own namespace: its pods start without it. */
  readonly agentNamespace: string | undefined;
  /** How much of each is known. */
  readonly resources: Snapshot["resources"];
  /** undefined: not known; "absent": all are known, and it is not among them. */
  readonly namespace: (name: string) => KnownNamespace | "absent" | undefined;
};

/** Where a pod's labels come from. */
export type LabelSource = "agent" | "stale" | "runtime" | "unknown";
