/** Which cluster an API server speaks for. */
import { isObject } from "../cni/fields.ts";
import { messageOf } from "../errors.ts";
import type { Connection } from "../kube/connect.ts";
import { pause } from "../kube/pause.ts";
import type { Log } from "../log.ts";

export async function clusterOf(connection: Connection, signal: AbortSignal): Promise<string> {
  const path = "/api/v1/namespaces/kube-system";
  const namespace = await connection.get({ path, signal });
  const metadata = isObject(namespace) ? namespace["metadata"] : undefined;
  const uid = isObject(metadata) ? metadata["uid"] : undefined;
  if (typeof uid !== "string") throw new Error("namespace kube-system has no UID");
  return uid;
}

/** undefined where the signal ended it. */
export async function orAgain<Value>(
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
  what: string,
  attempt: () => Promise<Value>,
  /** Ends the wait for the next attempt. */
  when?: (call: () => void) => () => void,
): Promise<Value | undefined> {
  let last = "";
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      return await attempt();
    } catch (error) {
      if (messageOf(error) !== last && !signal.aborted) log("warn", `${what}: ${messageOf(error)}`);
      last = messageOf(error);
      await pause(waitMs, signal, when);
    }
  }
  return undefined;
}
