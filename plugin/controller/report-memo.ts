/** QoSNodes, decoded once each. What the API sent of one is not kept: a thousand of them are long. */
import { isObject, type JsonObject } from "../cni/fields.ts";
import { decodeQosNode, type QosNode } from "../report/qos-node.ts";

/** With its resourceVersion. */
export type QosNodeReport = QosNode & { readonly version: string };

export type ReportMemo = {
  /** Decodes it, and gives what stands for it. */
  readonly trim: (object: JsonObject) => JsonObject;
  readonly of: (trimmed: JsonObject) => QosNodeReport | undefined;
};

export function createReportMemo(): ReportMemo {
  const reports = new WeakMap<JsonObject, QosNodeReport>();
  return {
    trim: (object) => {
      const trimmed = {};
      const node = decodeQosNode(object);
      const version = isObject(object["metadata"]) ? object["metadata"]["resourceVersion"] : undefined;
      if (node !== undefined && typeof version === "string") reports.set(trimmed, { ...node, version });
      return trimmed;
    },
    of: (trimmed) => reports.get(trimmed),
  };
}
