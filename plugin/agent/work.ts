/** One task of the loop: an attachment decided anew, one read back, the uplink of a network, the node swept. */
import type { JsonObject } from "../cni/fields.ts";
import { parseConf } from "../cni/conf.ts";
import type { Ground } from "../attachment/consider.ts";
import { hasLeftFormer } from "../attachment/uplink/former.ts";
import { leaveUnclaimed } from "../attachment/uplink/leave.ts";
import { settleUplink } from "../attachment/uplink/settle.ts";
import { sweepLocks } from "../attachment/lock.ts";
import { readBack } from "../attachment/readback.ts";
import { reapply, type Reapplied } from "../attachment/reapply.ts";
import { CniError, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { changeInWords } from "../report/change.ts";
import { nameOf } from "../report/names.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { listUplinks } from "../state/uplinks.ts";
import type { Metrics } from "./metrics.ts";
import { pastClasses } from "./news.ts";
import type { Outcome } from "./queue.ts";

export type Came = { readonly outcome: Outcome; readonly why: string };

export type Tools = { readonly stateDir: string; readonly log: Log; readonly metrics: Metrics };

export type Decided = Came & {
  readonly kind: Reapplied["kind"];
  /** It was in a class that the conf has no more, and is in it no more. */
  readonly leftFormer?: boolean;
};

export async function decideAnew(
  { stateDir, log, metrics }: Tools,
  record: AttachmentRecord,
  ground: Ground,
  why: readonly string[],
): Promise<Decided> {
  const began = performance.now();
  const came = await reapply({ ...ground, stateDir, record, log });
  const who = nameOf(record);
  metrics.applies.inc({ result: came.kind });
  switch (came.kind) {
    case "same":
      return { kind: kindOf(came, who, log), outcome: "done", why: "" };
    case "unsaid":
    case "unseen":
    case "waiting":
      return { kind: came.kind, outcome: "done", why: "" };
    case "ended":
      return { kind: came.kind, outcome: "over", why: "" };
    case "gone":
      log("info", `${who}: its network namespace has ended: removed what it had on the node`);
      return { kind: came.kind, outcome: "over", why: "" };
    case "changed": {
      metrics.applySeconds.observe((performance.now() - began) / 1000);
      log("info", `${who}: ${changeInWords(came.before, came.after)} (${why.join("; ")})`);
      const leftFormer = hasLeftFormer(stateDir, came.before.membership, came.after.membership);
      return { kind: kindOf(came, who, log), outcome: "done", why: "", leftFormer };
    }
    case "refused":
      // What the node lacks may come later, and no event says so.
      log("warn", `${who}: it keeps what it has (${why.join("; ")}): ${inFull(came.error)}`);
      return { kind: came.kind, outcome: "failed", why: why.join("; ") };
    case "busy":
    case "failed":
      log(
        "error",
        `${who}: it keeps what it has, and the agent tries again (${why.join("; ")}): ${inFull(came.error)}`,
      );
      return { kind: came.kind, outcome: "failed", why: why.join("; ") };
  }
}

/** With a part of its wishes refused it is not as it is asked to be, although all the rest is. */
function kindOf(
  { kind, rejected }: Extract<Reapplied, { kind: "same" | "changed" }>,
  who: string,
  log: Log,
): Reapplied["kind"] {
  if (rejected === undefined) return kind;
  log("warn", `${who}: ${rejected}`);
  return "refused";
}

export async function lookAt({ stateDir, log, metrics }: Tools, record: AttachmentRecord): Promise<Came> {
  const seen = await readBack({ stateDir, record, log });
  metrics.readBacks.inc({ result: seen.kind });
  switch (seen.kind) {
    case "well":
      break;
    case "mended":
      for (const { tool } of seen.faults) metrics.drift.inc({ tool });
      log("warn", `${nameOf(record)}: put back: ${inWords(seen.faults)}`);
      break;
    case "unmended":
      for (const { tool } of seen.faults) metrics.unmended.inc({ tool });
      log(
        "error",
        `${nameOf(record)}: ${inWords(seen.faults)}: it cannot be put back: ${inFull(seen.error)}`,
      );
      return { outcome: "failed", why: "drift" };
  }
  return { outcome: "done", why: "" };
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

function inFull(error: unknown): string {
  const details = error instanceof CniError && error.details !== "" ? ` (${error.details})` : "";
  return messageOf(error) + details;
}
