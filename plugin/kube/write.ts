/** The few things that we write: the status of an object, and events. */
import type { JsonObject } from "../cni/fields.ts";
import type { Connection } from "./connect.ts";
import { pathOf, type Resource } from "./resource.ts";

export type StatusPatch = {
  readonly resource: Resource;
  readonly kind: string;
  readonly name: string;
  /** Who owns the fields: what it does not name any more is taken away. */
  readonly manager: string;
  readonly status: JsonObject;
  readonly signal?: AbortSignal;
};

/** Server-side apply. What others wrote into the same fields is overwritten. */
export async function applyStatus(
  connection: Connection,
  { resource, kind, name, manager, status, signal }: StatusPatch,
): Promise<unknown> {
  const { group, version, namespace } = resource;
  return await patch(connection, {
    path: `${pathOf(resource)}/${name}/status`,
    manager,
    object: {
      apiVersion: group === "" ? version : `${group}/${version}`,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      status,
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

export type Patch = {
  readonly path: string;
  readonly manager: string;
  readonly object: JsonObject;
  readonly signal?: AbortSignal;
};

export async function patch(
  connection: Connection,
  { path, manager, object, signal }: Patch,
): Promise<unknown> {
  return await connection.request({
    method: "PATCH",
    path,
    query: { fieldManager: manager, force: "true" },
    // JSON is YAML, and an older server knows apply by this name alone.
    contentType: "application/apply-patch+yaml",
    body: JSON.stringify(object),
    ...(signal === undefined ? {} : { signal }),
  });
}

export async function post(
  connection: Connection,
  { path, object, signal }: Omit<Patch, "manager">,
): Promise<unknown> {
  return await connection.request({
    method: "POST",
    path,
    body: JSON.stringify(object),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** An Event of events.k8s.io/v1, in its namespace. */
export async function createEvent(
  connection: Connection,
  namespace: string,
  event: JsonObject,
): Promise<unknown> {
  const path = pathOf({ group: "events.k8s.io", version: "v1", name: "events", namespace });
  return await post(connection, {
    path,
    object: { apiVersion: "events.k8s.io/v1", kind: "Event", ...event },
  });
}
