/** The report of this node to the cluster, from what the API says and how the attachments stand. Pure. */
import type { Labels } from "../../cni/request.ts";
import { nameOf } from "../../report/names.ts";
import { withinBounds } from "../../report/qos-node-objects.ts";
import {
  observedKinds,
  type ObjectEntry,
  type ObjectState,
  type QosNodeStatus,
} from "../../report/qos-node.ts";
import type { KnownObject } from "../../knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import type { Records } from "../node/records.ts";
import { knowledgeOf, type ApiView } from "../view/view.ts";
import { podsOf } from "./pods.ts";
import { idOf, ownObjects, selecting } from "./selection.ts";
import { isUndecided, type Standing } from "./standings.ts";

export type Reporting = {
  readonly view: ApiView;
  readonly records: Records;
  readonly standings: ReadonlyMap<string, Standing>;
  readonly agent: QosNodeStatus["agent"];
  readonly uplink: string;
};

export function reportOf(reporting: Reporting): Omit<QosNodeStatus, "renewed"> {
  const { view, records, standings, agent, uplink } = reporting;
  return {
    agent,
    observed: observedIn(view),
    ...withinBounds(entriesOf(reporting)),
    ...podsOf(records, standings),
    uplink,
  };
}

/** What the view has is in the entries: what is not decided by it yet is pending there. */
function observedIn({ snapshot: { resources } }: ApiView): QosNodeStatus["observed"] {
  const kinds = observedKinds.flatMap((kind) => {
    const { state, version } = resources[kind];
    const isKnown = state === "synced" || state === "frozen";
    return isKnown && version !== undefined ? [[kind, version] as const] : [];
  });
  return Object.fromEntries(kinds);
}

/** One attachment's part in an object's entry. */
type Part = { readonly pod: string; readonly state: ObjectState; readonly message?: string };
type Head = Omit<ObjectEntry, "state" | "pods" | "message">;

function entriesOf({ view, records, standings }: Reporting): readonly ObjectEntry[] {
  const own = new Map(ownObjects(view).map((object) => [idOf(object), object]));
  const parts = new Map<string, { readonly head: Head; readonly parts: Part[] }>();
  const at = (id: string, head: Head): Part[] => {
    const entry = parts.get(id) ?? { head, parts: [] };
    parts.set(id, entry);
    return entry.parts;
  };
  for (const [attachment, { record }] of records) {
    const labels = record && labelsOf(view, record);
    const standing = standings.get(attachment);
    if (record === undefined || labels === undefined || standing?.outcome?.kind === "left out") continue;
    const selected = new Map(selecting(view, record, labels.labels).map((object) => [idOf(object), object]));
    for (const [id, object] of selected) at(id, headOf(object)).push(partOf(record, standing, id, object));
    // What it has of an object that does not select it any more, or is gone, is to be taken away.
    for (const id of standing?.has.keys() ?? [])
      if (!selected.has(id)) at(id, headBy(id, own.get(id))).push(undone(record, standing));
  }
  for (const [id, object] of own) if (object.fault !== undefined) at(id, headOf(object));
  return Array.from(parts, ([id, entry]) => entryOf(entry.head, entry.parts, own.get(id)?.fault));
}

/** undefined: the API does not show it as a pod that runs. */
function labelsOf(
  view: ApiView,
  record: AttachmentRecord,
): { readonly labels: Labels | undefined } | undefined {
  const knowledge = knowledgeOf(view, record);
  return typeof knowledge === "string" ? undefined : { labels: knowledge.pod?.labels };
}

function partOf(
  record: AttachmentRecord,
  standing: Standing | undefined,
  id: string,
  { generation = 0 }: KnownObject,
): Part {
  const { uid = record.pod } = record.asked ?? {};
  if (standing?.drift !== undefined)
    return { pod: uid, state: "failed", message: `${nameOf(record)}: ${standing.drift}` };
  return standing?.has.get(id) === generation ? { pod: uid, state: "applied" } : undone(record, standing);
}

function undone(record: AttachmentRecord, standing: Standing | undefined): Part {
  const { uid: pod = record.pod } = record.asked ?? {};
  const outcome = standing?.outcome;
  if (standing === undefined || isUndecided(standing) || outcome === undefined)
    return { pod, state: "pending" };
  switch (outcome.kind) {
    case "waiting":
      return { pod, state: "pending", message: `${nameOf(record)}: ${outcome.reason}` };
    case "failed":
      return { pod, state: "failed", message: `${nameOf(record)}: ${outcome.reason}` };
    case "good":
    case "left out":
      return { pod, state: "pending" };
  }
}

function entryOf(head: Head, parts: readonly Part[], fault: string | undefined): ObjectEntry {
  const pods = new Set(parts.map(({ pod }) => pod)).size;
  const of = (state: ObjectState): readonly Part[] => parts.filter((part) => part.state === state);
  if (fault !== undefined) return { ...head, state: "failed", pods, message: fault };
  const [failed, pending] = [of("failed"), of("pending")];
  if (failed.length > 0) return { ...head, state: "failed", pods, ...firstOf(failed) };
  return pending.length > 0
    ? { ...head, state: "pending", pods, ...firstOf(pending) }
    : { ...head, state: "applied", pods };
}

function firstOf(parts: readonly Part[]): Pick<ObjectEntry, "message"> {
  const [first, ...more] = parts.flatMap(({ message }) => message ?? []);
  if (first === undefined) return {};
  return { message: more.length === 0 ? first : `(${more.length} more) ${first}` };
}

function headOf({ kind, namespace, name, uid, generation = 0 }: KnownObject): Head {
  return { kind, namespace, name, uid, generation };
}

/** Of one that is gone nothing but its id is known. */
function headBy(id: string, object: KnownObject | undefined): Head {
  if (object !== undefined) return headOf(object);
  const [kind, path = "", uid = ""] = id.split(" ");
  const [namespace = "", name = ""] = path.split("/");
  return { kind: kind === "EgressQoS" ? kind : "NetworkQoS", namespace, name, uid, generation: 0 };
}
