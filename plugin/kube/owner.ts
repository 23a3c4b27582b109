/** Whether EgressQoS and NetworkQoS are ours to apply: their definitions bear our label, or another system brought them. */
import { isObject } from "../cni/fields.ts";
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import { ServerError } from "./errors.ts";

export type Owner = "ours" | "others" | "missing" | { readonly unknown: string };

export async function ownerOf(connection: Connection, name: string, signal: AbortSignal): Promise<Owner> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}.k8s.ovn.org`;
  try {
    const definition = await connection.get({ path, signal });
    return labelIn(definition) === "pod-qos" ? "ours" : "others";
  } catch (error) {
    if (error instanceof ServerError && error.status === 404) return "missing";
    return { unknown: messageOf(error) };
  }
}

function labelIn(definition: unknown): unknown {
  const metadata = isObject(definition) ? definition["metadata"] : undefined;
  const labels = isObject(metadata) ? metadata["labels"] : undefined;
  return isObject(labels) ? labels["app.kubernetes.io/part-of"] : undefined;
}
