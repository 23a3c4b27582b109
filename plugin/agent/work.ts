/** One task of the loop: an attachment read back, the uplink of a network, the node swept. */
import type { JsonObject } from "../cni/fields.ts";
import { parseConf } from "../cni/conf.ts";
import { leaveUnclaimed } from "../attachment/uplink/leave.ts";
import { settleUplink } from "../attachment/uplink/settle.ts";
import { sweepLocks } from "../attachment/lock.ts";
import { readBack, type ReadBack } from "../attachment/readback.ts";
import type { Log } from "../log.ts";
import { nameOf } from "../report/names.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { listUplinks } from "../state/uplinks.ts";
import type { Metrics } from "./metrics.ts";
import { pastClasses } from "./news.ts";
import type { Outcome } from "./queue.ts";
import { inFull } from "./status/outcome.ts";

export type Came = { readonly outcome: Outcome; readonly why: string };

/** `drift`: what is not as it should be, and cannot be put back. */
export type Looked = Came & { readonly seen: ReadBack; readonly drift?: string };

export type Tools = { readonly stateDir: string; readonly log: Log; readonly metrics: Metrics };

export async function lookAt({ stateDir, log, metrics }: Tools, record: AttachmentRecord): Promise<Looked> {
  const seen = await readBack({ stateDir, record, log });
  metrics.readBacks.inc({ result: seen.kind });
  switch (seen.kind) {
    case "well":
      break;
    case "mended":
      for (const { tool } of seen.faults) metrics.drift.inc({ tool });
      log("warn", `${nameOf(record)}: put back: ${inWords(seen.faults)}`);
      break;
    case "unmended": {
      for (const { tool } of seen.faults) metrics.unmended.inc({ tool });
      const drift = `${inWords(seen.faults)}: it cannot be put back: ${inFull(seen.error)}`;
      log("error", `${nameOf(record)}: ${drift}`);
      return { outcome: "failed", why: "drift", drift, seen };
    }
  }
  return { outcome: "done", why: "", seen };
}

export async function settle(
  { stateDir, log, metrics }: Tools,
  network: string,
  entry: JsonObject,
  why: readonly string[],
): Promise<Came> {
  try {
    const { uplink } = parseConf(entry, network);
    if (uplink === undefined) return { outcome: "done", why: "" };
    const { found, staying } = await settleUplink({ stateDir, network, conf: uplink, log });
    metrics.drift.inc({ tool: "uplink" }, found.length);
    if (found.length > 0)
      log("info", `uplink of network ${network} (${why.join("; ")}): ${found.join("; ")}`);
    if (staying.length === 0) return { outcome: "done", why: "" };
    if (!why.includes(pastClasses))
      log(
        "info",
        `uplink of network ${network}: its conf has no class ${staying.join(", ")} any more, which stays until its pods have moved`,
      );
    // Tried again until they have.
    return { outcome: "failed", why: pastClasses };
  } catch (error) {
    log("error", `uplink of network ${network} stays as it is (${why.join("; ")}): ${inFull(error)}`);
    return { outcome: "failed", why: why.join("; ") };
  }
}

/** Removes what no attachment owns, as GC does, for runtimes that never call GC. */
export async function sweep({ stateDir, log }: Tools): Promise<Came> {
  sweepLocks(stateDir);
  if (listUplinks(stateDir).length > 0) {
    for (const { set, address } of await leaveUnclaimed(stateDir))
      log("info", `removed ${address} from ipset ${set}: no pod has it`);
  }
  return { outcome: "done", why: "" };
}

function inWords(faults: readonly { readonly text: string }[]): string {
  return faults.map(({ text }) => text).join("; ");
}
