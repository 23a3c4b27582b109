/** This node's QoSNode in the API: made where it is not there, owned by the Node, and its status written. */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import type { Connection } from "../../kube/connect.ts";
import { ServerError } from "../../kube/errors.ts";
import { applyStatus, create } from "../../kube/write.ts";
import { qosNodeKind, qosNodeResource, type QosNodeStatus } from "../../report/qos-node.ts";

/** "missing": the cluster has no definition of QoSNode. */
export type WriteStatus = (status: QosNodeStatus) => Promise<"written" | "missing">;

const manager = "pod-qos-agent";

export async function writeQosNode(
  connection: Connection,
  name: string,
  status: QosNodeStatus,
  signal: AbortSignal,
): Promise<"written" | "missing"> {
  const apply = (): Promise<unknown> =>
    applyStatus(connection, {
      resource: qosNodeResource,
      kind: qosNodeKind,
      name,
      manager,
      status: status as unknown as JsonObject,
      signal,
    });
  try {
    await apply();
    return "written";
  } catch (error) {
    if (!isRefused(error, 404)) throw error;
    // A path that the server does not know at all is no object that is not found.
    if (error.reason !== "NotFound") return "missing";
  }
  return (await make(connection, name, signal)) === "missing" ? "missing" : (await apply(), "written");
}

async function make(connection: Connection, name: string, signal: AbortSignal): Promise<"made" | "missing"> {
  const owner = { apiVersion: "v1", kind: "Node", name, uid: await nodeUid(connection, name, signal) };
  const object = { metadata: { name, ownerReferences: [owner] } };
  try {
    await create(connection, { resource: qosNodeResource, kind: qosNodeKind, manager, object, signal });
    return "made";
  } catch (error) {
    if (isRefused(error, 404)) return "missing";
    if (isRefused(error, 409)) return "made";
    throw error;
  }
}

/** With the Node its QoSNode goes. */
async function nodeUid(connection: Connection, name: string, signal: AbortSignal): Promise<string> {
  const json = "application/json";
  const accept = `${json};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,${json}`;
  const node = await connection.get({ path: `/api/v1/nodes/${encodeURIComponent(name)}`, accept, signal });
  const metadata = isObject(node) ? node["metadata"] : undefined;
  const uid = isObject(metadata) ? metadata["uid"] : undefined;
  if (typeof uid !== "string") throw new Error(`Node ${name} has no UID`);
  return uid;
}

function isRefused(error: unknown, status: number): error is ServerError {
  return error instanceof ServerError && error.status === status;
}
