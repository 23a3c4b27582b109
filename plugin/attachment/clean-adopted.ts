/** Takes from an adopted pod, once it is decided, what a record that was lost had left and nothing asks for. */
import type { JsonObject } from "../cni/fields.ts";
import { CniError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { requestOf } from "./again.ts";
import { removeLeftovers } from "./leftovers.ts";
import { isLive } from "./live.ts";
import { aloneBriefly } from "./lock.ts";

export type Cleaning = {
  readonly stateDir: string;
  readonly record: AttachmentRecord;
  /** The entry of the network's present conf, in our spelling. */
  readonly conf: JsonObject;
  readonly log: Log;
  /** For the log: "prod/web-1 eth0". */
  readonly who: string;
};

/** false: somebody else is at work at it. */
export async function cleanAdopted({ stateDir, record, conf, log, who }: Cleaning): Promise<boolean> {
  const request = requestOf(record, conf);
  if (request === undefined) return true;
  const { identity } = record;
  try {
    await aloneBriefly({ stateDir, identity, verb: "agent" }, async () => {
      if (isLive(stateDir, record)) await removeLeftovers(request, log, who);
    });
    return true;
  } catch (error) {
    if (error instanceof CniError) return false;
    throw error;
  }
}
