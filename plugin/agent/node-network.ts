/** The agent in the network namespace of a pod would take that pod's links for the node's. */
import { CniError, ErrorCode } from "../errors.ts";
import { bootId } from "../kernel/linux.ts";
import { ownNetnsId } from "../kernel/netns.ts";
import { nameOf } from "../report/names.ts";
import { readAll, recordsOf } from "./node/records.ts";

export function assertNodeNetwork(stateDir: string): void {
  const own = ownNetnsId();
  // A namespace of another boot may have had the number that is ours by now.
  const pod = recordsOf(readAll(stateDir, new Map())).find(
    ({ netnsId, view }) => netnsId === own && view?.bootId === bootId(),
  );
  if (pod === undefined) return;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `the agent runs in the network namespace of pod ${nameOf(pod)}, and belongs into the node's: hostNetwork: true in its DaemonSet`,
  );
}
