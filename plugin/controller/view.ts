/** What the controller knows of the cluster, as one value. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { compile, type ObjectKind } from "../knowledge/compile.ts";
import { decodeHead } from "./decode.ts";
import { writtenIn, type ObjectStatus } from "./object-status.ts";
import type { QosNodeReport } from "./report-memo.ts";
import type { Report } from "./reports.ts";

export type ClusterView = {
  readonly objects: readonly QosObject[];
  readonly reports: readonly Report[];
  /** All of them, also those without a report. */
  readonly qosNodes: readonly QosNodeReport[];
  /** Names of the cluster's nodes. */
  readonly nodes: ReadonlySet<string>;
};

export type QosObject = {
  readonly kind: ObjectKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  /** Its resourceVersion: each write of its status makes a new one. */
  readonly version: string;
  readonly since: Since;
  /** When we saw last that a status was written which says that the present generation is applied. */
  readonly appliedMs: number | undefined;
  /** Why the present generation cannot be applied, as far as the object itself shows it. */
  readonly fault: string | undefined;
  readonly written: ObjectStatus;
};

/**
 * The resourceVersion at which the present generation appeared. Not exact: at the latest. Of an object that was first seen in a
 * list only the present version is known, and the status may have been written since.
 */
export type Since = { readonly version: string; readonly isExact: boolean };

/** While Nodes cannot be watched a new one is known by what it reports. */
export function withReporting(
  nodes: ReadonlySet<string>,
  qosNodes: readonly QosNodeReport[],
): ReadonlySet<string> {
  return new Set([...nodes, ...qosNodes.map(({ name }) => name)]);
}

/** An object of the same version stays the same value. */
export function withItems(
  kind: ObjectKind,
  before: readonly QosObject[],
  items: Iterable<JsonObject>,
  nowMs: number,
): readonly QosObject[] {
  const known = new Map(before.map((each) => [each.uid, each]));
  return Array.from(items).flatMap((item) => objectIn(kind, item, known, nowMs) ?? []);
}

function objectIn(
  kind: ObjectKind,
  item: JsonObject,
  known: ReadonlyMap<string, QosObject>,
  nowMs: number,
): QosObject | undefined {
  const head = decodeHead(item);
  if (head === undefined || head.isLeaving) return undefined;
  const { namespace, name, uid, generation, version } = head;
  const before = known.get(uid);
  if (before?.version === version) return before;
  const written = writtenIn(item);
  const isNew = JSON.stringify(before?.written) !== JSON.stringify(written);
  const appliedMs = isNew && saysApplied(written, generation) ? nowMs : undefined;
  if (before?.generation === generation)
    return { ...before, version, written, appliedMs: appliedMs ?? before.appliedMs };
  const since = { version, isExact: before !== undefined };
  const fault = compile(kind, [], [item])[0]?.fault;
  return { kind, namespace, name, uid, generation, version, since, appliedMs, fault, written };
}

/** NodeSilent: on all nodes that are not silent. */
function saysApplied({ ready }: ObjectStatus, generation: number): boolean {
  return (
    ready?.observedGeneration === generation && (ready.status === "True" || ready.reason === "NodeSilent")
  );
}
