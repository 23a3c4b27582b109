/** EgressQoS and NetworkQoS, followed for as long as they are ours to apply. */
import type { Connection } from "../../kube/connect.ts";
import { followOwned, type OwnedName } from "../../kube/owned.ts";
import type { Log } from "../../log.ts";
import { followOne, type Handlers } from "./following.ts";
import type { Options } from "../options.ts";

export type Owned = Handlers & Pick<Options, "objects"> & { readonly log: Log; readonly signal: AbortSignal };

export async function followObjects(owned: Owned, connection: Connection, name: OwnedName): Promise<void> {
  const { objects, signal, log, onUpdate } = owned;
  await followOwned({
    connection,
    name,
    objects,
    log,
    signal,
    follow: (resource, until) => followOne(owned, connection, name, resource, until),
    onOthers: () => onUpdate({ resource: name, is: { state: "off" }, items: undefined }),
    onUnknown: () => onUpdate({ resource: name, is: { state: "frozen" }, items: undefined }),
  });
}
