/** Decodes the parts of the API server's answers that `follow` reads. Pure. */
import * as z from "zod/mini";
import type { JsonObject } from "../cni/fields.ts";

/** An object with what identifies it. */
export type Item = {
  readonly key: string;
  readonly uid: string;
  readonly version: string;
  readonly object: JsonObject;
};

export type Page = { readonly items: readonly Item[]; readonly version: string; readonly next: string };

export type WatchEvent =
  | { readonly kind: "is" | "gone"; readonly item: Item }
  | { readonly kind: "bookmark"; readonly version: string }
  | { readonly kind: "error"; readonly status: Status };

/** The body of a refusal. */
export type Status = {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;
  readonly isAhead: boolean;
};

/** Throws where it is no list of the API. */
export function decodePage(body: unknown): Page {
  const { metadata, items } = List.parse(body);
  return { items: items.map(decodeItem), version: metadata.resourceVersion, next: metadata.continue ?? "" };
}

/** Throws where the line is no event of the API. */
export function decodeLine(line: string): WatchEvent {
  const { type, object } = Event.parse(JSON.parse(line));
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { kind: "is", item: decodeItem(object) };
    case "DELETED":
      return { kind: "gone", item: decodeItem(object) };
    case "BOOKMARK":
      return { kind: "bookmark", version: Bookmark.parse(object).metadata.resourceVersion };
    case "ERROR":
      return { kind: "error", status: decodeStatus(object) };
  }
}

/** Never throws: a proxy in front of the server answers in a form of its own. */
export function decodeStatus(body: unknown): Status {
  const { data } = z.safeParse(StatusObject, body);
  const message = data?.message ?? "";
  return {
    code: data?.code ?? 0,
    reason: data?.reason ?? "",
    message,
    retryAfterSeconds: data?.details?.retryAfterSeconds,
    isAhead:
      data?.details?.causes?.some(({ reason }) => reason === "ResourceVersionTooLarge") === true ||
      message.includes("Too large resource version"),
  };
}

/** Throws where it is no object of the API. Half of one is managedFields, which are about its writers. */
export function decodeItem(value: unknown): Item {
  const object = AnyObject.parse(value);
  const { managedFields: _, ...metadata } = object.metadata;
  const { namespace, name, uid, resourceVersion: version } = metadata;
  return { key: keyOf(namespace, name), uid, version, object: { ...object, metadata } };
}

/** namespace/name; without a namespace, the name. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

const List = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.optional(z.string()) }),
  // Go writes an empty list as null.
  items: z.pipe(
    z.nullable(z.array(z.unknown())),
    z.transform((items) => items ?? []),
  ),
});

const Event = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

const AnyObject = z.looseObject({
  metadata: z.looseObject({
    namespace: z.optional(z.string()),
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
  }),
});

const Bookmark = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

const StatusObject = z.object({
  code: z.optional(z.number()),
  reason: z.optional(z.string()),
  message: z.optional(z.string()),
  details: z.optional(
    z.object({
      retryAfterSeconds: z.optional(z.number()),
      causes: z.optional(z.array(z.object({ reason: z.optional(z.string()) }))),
    }),
  ),
});
