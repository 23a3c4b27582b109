/**
 * Of /metrics what the kernel counts: what pods and classes have sent, and may send. Read when a page is asked for, at most each
 * five seconds, with one process and one per uplink. A page does not wait for it longer than a second.
 */
import { Counter, Gauge, type Registry } from "prom-client";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import {
  readAllDrops,
  readCounters,
  standingUplinks,
  type Counted,
  type Reading,
  type StandingUplink,
} from "../report/node.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { recordsOf } from "./node/records.ts";
import type { World } from "./world.ts";

export type Traffic = {
  readonly registry: Registry;
  readonly world: () => World;
  readonly stateDir: string;
  /** So many attachments have series of their own. */
  readonly mostPods: number;
  readonly log: Log;
};

const [againMs, patienceMs] = [5_000, 1_000];

/** Before a page is written. */
export function createTraffic({ registry, world, stateDir, mostPods, log }: Traffic): () => Promise<void> {
  const series = createSeries(registry);
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;
  const read = async (): Promise<void> => {
    readAt = performance.now();
    const all = served(recordsOf(world().records));
    const attachments = all.slice(0, mostPods);
    const node = { attachments, uplinks: standingUplinks(stateDir) };
    const [counters, drops] = await Promise.all([readCounters(node), readAllDrops(node, "node")]);
    series.left.set(all.length - attachments.length);
    setPods(series, node, counters, drops);
    setClasses(series, node.uplinks, counters, all);
  };
  return async () => {
    if (performance.now() - readAt >= againMs)
      reading ??= read()
        .catch((error: unknown) => log("debug", `counters could not be read: ${messageOf(error)}`))
        .finally(() => (reading = undefined));
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, patienceMs);
    await Promise.race([reading, late.promise]);
    clearTimeout(timer);
  };
}

/** A pod that asks for nothing has none, nor one that Kubernetes did not name: a container's ID would be a label. */
function served(records: readonly AttachmentRecord[]): readonly AttachmentRecord[] {
  const own = records.filter(
    (record) => !isBare(record) && record.asked?.name !== undefined && record.membership?.leaving !== true,
  );
  // A sandbox that was made anew has the pod's name too.
  return [...new Map(own.map((record) => [Object.values(labelsOf(record)).join(" "), record])).values()];
}

type Series = ReturnType<typeof createSeries>;

function createSeries(registry: Registry) {
  const registers = [registry];
  const ofPod = ["namespace", "pod", "interface"] as const;
  const ofDirection = [...ofPod, "direction"] as const;
  const ofClass = ["device", "class"] as const;
  return {
    bytes: new Counter({
      name: "pod_qos_pod_bytes_total",
      help: "Bytes that an interface of a pod has sent (egress) and received (ingress).",
      labelNames: ofDirection,
      registers,
    }),
    limit: new Gauge({
      name: "pod_qos_pod_limit_bytes_per_second",
      help: "What an interface of a pod may send (egress) and receive (ingress).",
      labelNames: ofDirection,
      registers,
    }),
    dropped: new Counter({
      name: "pod_qos_pod_dropped_packets_total",
      help: "Packets that limits of an interface dropped, in both directions, where the node's side counts them.",
      labelNames: ofPod,
      registers,
    }),
    left: new Gauge({
      name: "pod_qos_pods_without_series",
      help: "Attachments with requests beyond --metrics-pods, which have no series of their own.",
      registers,
    }),
    uplinkRate: new Gauge({
      name: "pod_qos_uplink_rate_bytes_per_second",
      help: "The rate of an uplink, as the conf has it.",
      labelNames: ["device"] as const,
      registers,
    }),
    classBytes: new Counter({
      name: "pod_qos_class_bytes_total",
      help: "Bytes that a class of an uplink has sent.",
      labelNames: ofClass,
      registers,
    }),
    classDropped: new Counter({
      name: "pod_qos_class_dropped_packets_total",
      help: "Packets that the queue of a class dropped.",
      labelNames: ofClass,
      registers,
    }),
    classRate: new Gauge({
      name: "pod_qos_class_rate_bytes_per_second",
      help: "What a class is guaranteed.",
      labelNames: ofClass,
      registers,
    }),
    classCeil: new Gauge({
      name: "pod_qos_class_ceil_bytes_per_second",
      help: "The most that a class may send.",
      labelNames: ofClass,
      registers,
    }),
    classPods: new Gauge({
      name: "pod_qos_class_pods",
      help: "Attachments in a class.",
      labelNames: ofClass,
      registers,
    }),
  };
}

function setPods(
  { bytes, limit, dropped }: Series,
  { attachments }: Counted,
  { links }: Reading,
  drops: readonly (number | undefined)[],
): void {
  for (const each of [bytes, limit, dropped]) each.reset();
  for (const [at, record] of attachments.entries()) {
    const [labels, counters, lost] = [labelsOf(record), links[at], drops[at]];
    const { egress, ingress } = record.limits ?? {};
    for (const [direction, passed, most] of [
      ["egress", counters?.sentBytes, egress],
      ["ingress", counters?.receivedBytes, ingress],
    ] as const) {
      if (passed !== undefined) bytes.inc({ ...labels, direction }, passed);
      if (most !== undefined) limit.set({ ...labels, direction }, most / 8);
    }
    if (lost !== undefined) dropped.inc(labels, lost);
  }
}

function setClasses(
  { uplinkRate, classBytes, classDropped, classRate, classCeil, classPods }: Series,
  uplinks: readonly StandingUplink[],
  { classes: counters }: Reading,
  attachments: readonly AttachmentRecord[],
): void {
  for (const each of [uplinkRate, classBytes, classDropped, classRate, classCeil, classPods]) each.reset();
  for (const { device, rate: whole, classes, former = [] } of uplinks) {
    uplinkRate.set({ device }, whole / 8);
    for (const { name, minor, rate, ceil } of [...classes, ...former]) {
      const labels = { device, class: name };
      const seen = counters.get(device)?.find(({ classid }) => classid === `1:${minor}`);
      // Of the former ones only those that still stand.
      if (seen === undefined) continue;
      const pods = attachments.filter(
        ({ membership }) => membership?.device === device && membership.class === name,
      );
      classBytes.inc(labels, seen.bytes);
      classDropped.inc(labels, seen.dropped);
      classRate.set(labels, rate / 8);
      classCeil.set(labels, ceil / 8);
      classPods.set(labels, pods.length);
    }
  }
}

function labelsOf({ asked, identity }: AttachmentRecord) {
  const { namespace = "", name = "" } = asked ?? {};
  return { namespace, pod: name, interface: identity.ifname };
}
