/** The few things that we write: an object that is made, and a status. */
import type { JsonObject } from "../cni/fields.ts";
import type { Connection } from "./connect.ts";
import { pathOf, type Resource } from "./resource.ts";

export type Apply = {
  readonly resource: Resource;
  readonly kind: string;
  readonly name: string;
  /** Who owns the fields: what it does not name any more is taken away. */
  readonly manager: string;
  readonly status: JsonObject;
  /** Only while the object is still this one, of this version. */
  readonly only?: { readonly uid: string; readonly resourceVersion: string };
  readonly signal?: AbortSignal;
};

/** Server-side apply of an object's status. What others wrote into the same fields is overwritten. The answer is the object. */
export async function applyStatus(connection: Connection, apply: Apply): Promise<unknown> {
  const { resource, kind, name, manager, status, only, signal } = apply;
  const { namespace } = resource;
  const object = {
    apiVersion: apiVersionOf(resource),
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...only },
    status,
  };
  return await connection.write({
    method: "PATCH",
    path: `${pathOf(resource)}/${name}/status`,
    query: { fieldManager: manager, force: "true" },
    // JSON is YAML, and an older server knows apply by this name alone.
    contentType: "application/apply-patch+yaml",
    body: JSON.stringify(object),
    ...(signal && { signal }),
  });
}

export type Create = {
  readonly resource: Resource;
  readonly kind: string;
  readonly manager: string;
  /** Without apiVersion and kind. */
  readonly object: JsonObject;
  readonly signal?: AbortSignal;
};

export async function create(connection: Connection, created: Create): Promise<unknown> {
  const { resource, kind, manager, object, signal } = created;
  return await connection.write({
    method: "POST",
    path: pathOf(resource),
    query: { fieldManager: manager },
    contentType: "application/json",
    body: JSON.stringify({ apiVersion: apiVersionOf(resource), kind, ...object }),
    ...(signal && { signal }),
  });
}

export type Remove = {
  readonly resource: Resource;
  readonly name: string;
  /** Only while it is still this one, of this version. */
  readonly only: { readonly uid: string; readonly resourceVersion: string };
  readonly signal?: AbortSignal;
};

export async function remove(
  connection: Connection,
  { resource, name, only, signal }: Remove,
): Promise<void> {
  await connection.write({
    method: "DELETE",
    path: `${pathOf(resource)}/${name}`,
    contentType: "application/json",
    body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: only }),
    ...(signal && { signal }),
  });
}

function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}
