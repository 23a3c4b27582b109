/** What the agent counts, in Prometheus' format. Never a UID, an address or a text as a label. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ownBuild } from "../attachment/build.ts";

export type Metrics = {
  readonly registry: Registry;
  /** Attachments by what came of deciding them last. */
  readonly pods: Gauge<"state">;
  readonly applies: Counter<"result">;
  readonly applySeconds: Histogram;
  readonly adoptions: Counter<"result">;
  readonly readBacks: Counter<"result">;
  readonly drift: Counter<"tool">;
  readonly unmended: Counter<"tool">;
  readonly unforeseen: Counter;
  readonly queue: Gauge;
  readonly confFaults: Gauge;
  readonly monitorRestarts: Counter<"monitor">;
  readonly synced: Gauge<"resource">;
  readonly watchRestarts: Counter<"resource" | "reason">;
  readonly objectFaults: Gauge;
  readonly otherCluster: Gauge;
  readonly statusWrites: Counter<"result">;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "pod_qos_build_info",
    help: "The build of the agent that runs.",
    labelNames: ["version"],
    registers,
  }).set({ version: ownBuild }, 1);
  return {
    registry,
    pods: new Gauge({
      name: "pod_qos_pods",
      help: "Attachments of this node, by the result of the last decision.",
      labelNames: ["state"],
      registers,
    }),
    applies: new Counter({
      name: "pod_qos_applies_total",
      help: "Decisions for attachments, by result.",
      labelNames: ["result"],
      registers,
    }),
    applySeconds: new Histogram({
      name: "pod_qos_apply_duration_seconds",
      help: "Seconds that a change of an attachment took, waiting for locks included.",
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
    adoptions: new Counter({
      name: "pod_qos_adoptions_total",
      help: "Attachments found without a record, by what came of it: adopted, or why not.",
      labelNames: ["result"],
      registers,
    }),
    readBacks: new Counter({
      name: "pod_qos_read_backs_total",
      help: "Attachments whose kernel objects were looked at, by what was found.",
      labelNames: ["result"],
      registers,
    }),
    drift: new Counter({
      name: "pod_qos_drift_total",
      help: "Kernel objects that were not as they should be and were put back.",
      labelNames: ["tool"],
      registers,
    }),
    unmended: new Counter({
      name: "pod_qos_drift_unmended_total",
      help: "Kernel objects that were not as they should be and could not be put back.",
      labelNames: ["tool"],
      registers,
    }),
    unforeseen: new Counter({
      name: "pod_qos_unforeseen_errors_total",
      help: "Unexpected errors; the log has them. Each is worth a report.",
      registers,
    }),
    queue: new Gauge({ name: "pod_qos_queue_length", help: "Tasks that wait or run.", registers }),
    confFaults: new Gauge({
      name: "pod_qos_conf_faults",
      help: "Faults in the conf directory; the log names them.",
      registers,
    }),
    synced: new Gauge({
      name: "pod_qos_synced",
      help: "1 while all of a resource is known; 0 while it cannot be read or is not there.",
      labelNames: ["resource"],
      registers,
    }),
    watchRestarts: new Counter({
      name: "pod_qos_watch_restarts_total",
      help: "How often the list or watch of a resource failed.",
      labelNames: ["resource", "reason"],
      registers,
    }),
    objectFaults: new Gauge({
      name: "pod_qos_object_faults",
      help: "Objects of the API that cannot be applied as they are; the log says which, and why.",
      registers,
    }),
    otherCluster: new Gauge({
      name: "pod_qos_other_cluster",
      help: "1 while the API server belongs to another cluster: no pod is changed then.",
      registers,
    }),
    statusWrites: new Counter({
      name: "pod_qos_status_writes_total",
      help: "Reports of this node to the cluster, its QoSNode, by result; missing: there is no definition of it.",
      labelNames: ["result"],
      registers,
    }),
    monitorRestarts: new Counter({
      name: "pod_qos_monitor_restarts_total",
      help: "How often tc monitor or ip monitor ended and was started again.",
      labelNames: ["monitor"],
      registers,
    }),
  };
}
