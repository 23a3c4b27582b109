/** Which cluster an API server speaks for. */
import { isObject } from "../../cni/fields.ts";
import type { Connection } from "../../kube/connect.ts";

export async function clusterOf(connection: Connection, signal: AbortSignal): Promise<string> {
  const path = "/api/v1/namespaces/kube-system";
  const namespace = await connection.get({ path, signal });
  const metadata = isObject(namespace) ? namespace["metadata"] : undefined;
  const uid = isObject(metadata) ? metadata["uid"] : undefined;
  if (typeof uid !== "string") throw new Error("namespace kube-system has no UID");
  return uid;
}
