/** What the agent counts, in Prometheus' format. Never a UID, an address or a text as a label. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { ownBuild } from "../attachment/build.ts";
import { resourceNames } from "../knowledge/snapshot.ts";
import { handlers } from "../program/tools.ts";
import { results as eventResults } from "./events/results.ts";
import { processMetrics } from "./process-metrics.ts";

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
  readonly objects: Gauge<"kind">;
  readonly objectFaults: Gauge;
  readonly otherCluster: Gauge;
  readonly statusWrites: Counter<"result">;
  readonly events: Counter<"result">;
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
  for (const metric of processMetrics()) registry.registerMetric(metric);
  return fromZero({
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
    objects: new Gauge({
      name: "pod_qos_objects",
      help: "Objects of the API that the agent knows, of all namespaces.",
      labelNames: ["kind"],
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
    events: new Counter({
      name: "pod_qos_events_total",
      help: "Events of the Kubernetes API, by what came of writing them.",
      labelNames: ["result"],
      registers,
    }),
  });
}

/** A rate of a counter that begins with its first one does not see that one. */
function fromZero(metrics: Metrics): Metrics {
  const {
    statusWrites,
    applies,
    adoptions,
    readBacks,
    drift,
    unmended,
    monitorRestarts,
    watchRestarts,
    events,
  } = metrics;
  for (const result of ["same", "changed", "refused", "busy", "failed", "waiting"])
    applies.inc({ result }, 0);
  for (const result of ["written", "failed", "missing"]) statusWrites.inc({ result }, 0);
  for (const result of ["adopted", "refused", "unlike", "busy"]) adoptions.inc({ result }, 0);
  for (const result of ["well", "mended", "unmended"]) readBacks.inc({ result }, 0);
  for (const tool of [...Object.keys(handlers), "uplink"]) drift.inc({ tool }, 0);
  for (const tool of Object.keys(handlers)) unmended.inc({ tool }, 0);
  for (const monitor of ["tc", "ip"]) monitorRestarts.inc({ monitor }, 0);
  for (const resource of resourceNames)
    for (const reason of ["list", "watch"]) watchRestarts.inc({ resource, reason }, 0);
  for (const result of eventResults) events.inc({ result }, 0);
  return metrics;
}
