/** Objects and reports as rows of a table give them. */
import type { ObjectStatus } from "../../../plugin/controller/object-status.ts";
import type { Report } from "../../../plugin/controller/reports.ts";
import type { QosObject } from "../../../plugin/controller/view.ts";
import type { ObjectEntry } from "../../../plugin/report/qos-node.ts";

export const unwritten: ObjectStatus = { text: "", ready: undefined, zones: [], since: {} };

/** Generation 3, which appeared at version 500. */
export const object = (more: Partial<QosObject> = {}): QosObject => ({
  kind: "NetworkQoS",
  namespace: "prod",
  name: "video",
  uid: "u1",
  generation: 3,
  version: "500",
  since: { version: "500", isExact: true },
  appliedMs: undefined,
  fault: undefined,
  written: unwritten,
  ...more,
});

export const entry = (more: Partial<ObjectEntry> = {}): ObjectEntry => ({
  kind: "NetworkQoS",
  namespace: "prod",
  name: "video",
  uid: "u1",
  generation: 3,
  state: "applied",
  pods: 2,
  ...more,
});

/** Live, and up to date. */
export const report = (
  node: string,
  more: Partial<Omit<Report, "status">> & Partial<Report["status"]> = {},
): Report => {
  const { observed = { networkqoses: "500", egressqoses: "500" }, objects = [], unlisted, ...rest } = more;
  const status = { observed, objects, ...(unlisted && { unlisted }) };
  return { node, uid: `uid of ${node}`, version: "900", liveness: "live", seenMs: 0, ...rest, status };
};
