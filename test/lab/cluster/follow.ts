import { setTimeout as sleep } from "node:timers/promises";
import type { Api, KubeObject, WatchEvent } from "../../../scripts/lab/cluster/api.ts";

export type Follower<Kind> = {
  readonly onChange: (object: Kind) => void;
  readonly onGone: (object: Kind) => void;
};

/**
 * List, then watch, for the lab's own use; whatever goes wrong, from the start again a quarter of a second later. Resolves
 * when the signal says so.
 */
export const follow = async <Kind extends KubeObject>(
  api: Api,
  path: string,
  follower: Follower<Kind>,
  signal: AbortSignal,
): Promise<void> => {
  const known = new Map<string, Kind>();
  while (!signal.aborted) {
    try {
      await once(api, path, follower, known, signal);
    } catch {
      // The server is away, or the version that we have is too old for it.
    }
    if (!signal.aborted) await sleep(250);
  }
};

const once = async <Kind extends KubeObject>(
  api: Api,
  path: string,
  { onChange, onGone }: Follower<Kind>,
  known: Map<string, Kind>,
  signal: AbortSignal,
): Promise<void> => {
  const list = await api.get<KubeObject>(path);
  const items = (list.items ?? []) as readonly Kind[];
  const listed = new Set(items.map(({ metadata }) => metadata.uid));
  for (const [uid, object] of known) if (!listed.has(uid)) gone(uid, object);
  for (const item of items) changed(item);
  const watch = `${path}${path.includes("?") ? "&" : "?"}watch=1&resourceVersion=${list.metadata.resourceVersion}`;
  const end = new AbortController();
  await api.watch(watch, onEvent, AbortSignal.any([signal, end.signal]));

  function onEvent({ type, object }: WatchEvent): void {
    if (type === "ERROR") end.abort();
    else if (type === "DELETED") gone(object.metadata.uid, object as Kind);
    else if (type !== "BOOKMARK") changed(object as Kind);
  }

  function changed(object: Kind): void {
    known.set(object.metadata.uid, object);
    onChange(object);
  }

  function gone(uid: string, object: Kind): void {
    known.delete(uid);
    onGone(object);
  }
};
