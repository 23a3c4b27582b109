/** Before it is handed on that objects or networks are gone: whether they are with their whole namespace. The API is asked once for each. */
import { isObject } from "../../cni/fields.ts";
import { messageOf } from "../../errors.ts";
import { orAgain } from "../../kube/again.ts";
import type { Connection } from "../../kube/connect.ts";
import { ServerError } from "../../kube/errors.ts";
import type { ResourceName, Snapshot } from "../../knowledge/snapshot.ts";
import type { Log } from "../../log.ts";
import type { Handlers } from "./following.ts";
import { namespacesThatLose, type Keepable } from "./kept.ts";
import type { ResourceUpdate } from "./resource-update.ts";

export type Losing = Pick<Handlers, "snapshot" | "onUpdate" | "onNotice"> & {
  /** Only what could matter to a pod here is asked for. */
  readonly runsPods: (namespace: string) => boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
};

/** At once where nothing is gone; what comes while the API is asked waits for its turn. */
export function askingForLosses(losing: Losing, connection: Connection): Handlers["onUpdate"] {
  const { onUpdate, onNotice, signal } = losing;
  const waiting = new Map<ResourceName, ResourceUpdate>();
  const running = new Set<ResourceName>();
  const run = async (resource: ResourceName): Promise<void> => {
    running.add(resource);
    try {
      for (let update = waiting.get(resource); update !== undefined; update = waiting.get(resource)) {
        waiting.delete(resource);
        const losers = losersIn(losing, update);
        const leaving = losers.length === 0 ? [] : await leavingOf(losing, connection, losers);
        if (!signal.aborted) onUpdate({ ...update, leaving });
      }
    } catch (error) {
      onNotice(resource, { kind: "threw", error });
    } finally {
      running.delete(resource);
    }
  };
  return (update) => {
    const before = waiting.get(update.resource);
    waiting.set(update.resource, { ...update, items: update.items ?? before?.items });
    if (!running.has(update.resource)) void run(update.resource);
  };
}

function losersIn({ snapshot, runsPods }: Losing, { resource, items }: ResourceUpdate): readonly string[] {
  if (items === undefined) return [];
  return namespacesThatLose(keepableIn(snapshot(), resource), items).filter(runsPods);
}

function keepableIn({ objects, networks }: Snapshot, resource: ResourceName): readonly Keepable[] {
  switch (resource) {
    case "egressqoses":
      return objects.filter(({ kind }) => kind === "EgressQoS");
    case "networkqoses":
      return objects.filter(({ kind }) => kind === "NetworkQoS");
    case "network-attachment-definitions":
      return networks;
    case "pods":
    case "namespaces":
      return [];
  }
}

async function leavingOf(
  losing: Losing,
  connection: Connection,
  names: readonly string[],
): Promise<readonly string[]> {
  const leaving: string[] = [];
  for (const name of names) {
    const what = `whether namespace ${name}, which objects are gone from, is being deleted`;
    const ask = (): Promise<boolean> => isBeingDeleted(losing, connection, name);
    const isLeaving = await orAgain(losing, what, ask, connection);
    if (isLeaving !== true) continue;
    leaving.push(name);
    losing.log(
      "info",
      `namespace ${name} is being deleted: until they end its pods keep what its objects gave them`,
    );
  }
  return leaving;
}

/** By a list, for that is what the role allows; an exact one, for the namespace was marked before its objects went. */
async function isBeingDeleted(
  { log, signal }: Losing,
  connection: Connection,
  name: string,
): Promise<boolean> {
  const query = { fieldSelector: `metadata.name=${name}` };
  try {
    const list = await connection.get({ path: "/api/v1/namespaces", query, signal });
    const items = isObject(list) && Array.isArray(list["items"]) ? list["items"] : [];
    return items.every(({ metadata }) => typeof metadata?.deletionTimestamp === "string");
  } catch (error) {
    // 401 says no more of the namespace than 429: a token is being renewed.
    if (!(error instanceof ServerError) || [401, 429].includes(error.status) || error.status >= 500)
      throw error;
    log(
      "warn",
      `whether namespace ${name} is being deleted cannot be asked, so its objects count as deleted by somebody: ${messageOf(error)}`,
    );
    return false;
  }
}
