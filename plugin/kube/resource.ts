/** Which objects are followed, and the requests for them. Pure. */
export type Resource = {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural, as in the path. */
  readonly name: string;
  /** All namespaces when it is not given. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /** As PartialObjectMetadata: the server leaves the rest out. */
  readonly isMetadataOnly?: boolean;
};

export type Query = Readonly<Record<string, string>>;

export function pathOf({ group, version, name, namespace }: Resource): string {
  const api = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${api}/${name}` : `${api}/namespaces/${namespace}/${name}`;
}

/** What is asked for; a server that cannot do so sends whole objects. */
export function acceptOf({ isMetadataOnly = false }: Resource, what: "list" | "watch"): string {
  const json = "application/json";
  if (!isMetadataOnly) return json;
  const kind = what === "list" ? "PartialObjectMetadataList" : "PartialObjectMetadata";
  return `${json};as=${kind};g=meta.k8s.io;v=v1,${json}`;
}

/**
 * At "0" or at a version a server answers from memory, with all objects in one piece: it does not look at a limit then.
 * At "" it answers with what is true now, and a server before 1.31 asks etcd: in pages.
 */
export function listQuery(resource: Resource, at: string, next = ""): Query {
  const pages = next === "" ? { limit: PAGE } : { limit: PAGE, continue: next };
  return { ...selectors(resource), ...(at === "" ? pages : { resourceVersion: at }) };
}

/** What is true now, without pages. */
export function wholeListQuery(resource: Resource): Query {
  return selectors(resource);
}

export function watchQuery(resource: Resource, at: string, seconds: number): Query {
  return {
    ...selectors(resource),
    watch: "1",
    allowWatchBookmarks: "true",
    resourceVersion: at,
    timeoutSeconds: String(seconds),
  };
}

const PAGE = "500";

function selectors({ fieldSelector, labelSelector }: Resource): Query {
  return {
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}
