/** An Event as the API takes it: core/v1, which `kubectl describe` prints with its count. Pure. */
import type { Write } from "../../kube/send.ts";
import type { EventWrite } from "./correlate.ts";

const component = "pod-qos-agent";
/** The API's limit for a note, in its newer form. */
const longest = 1024;

export function firstWrite({ event, name, count, firstMs, lastMs }: EventWrite, node: string): Write {
  const { subject, reason, note } = event;
  const body = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: subject.namespace },
    involvedObject: subject,
    reason,
    message: shortened(note),
    type: "Warning",
    source: { component, host: node },
    reportingComponent: component,
    reportingInstance: node,
    firstTimestamp: timeOf(firstMs),
    lastTimestamp: timeOf(lastMs),
    count,
  };
  return {
    method: "POST",
    path: pathOf(subject.namespace),
    contentType: "application/json",
    body: JSON.stringify(body),
  };
}

export function nextWrite({ event, name, count, lastMs }: EventWrite): Write {
  const body = { count, lastTimestamp: timeOf(lastMs), message: shortened(event.note) };
  return {
    method: "PATCH",
    path: `${pathOf(event.subject.namespace)}/${name}`,
    contentType: "application/merge-patch+json",
    body: JSON.stringify(body),
  };
}

function pathOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/events`;
}

/** The API has whole seconds here. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function shortened(note: string): string {
  return note.length > longest ? `${note.slice(0, longest - 1)}…` : note;
}
