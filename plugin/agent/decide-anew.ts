/** The loop's task for an attachment: it is decided anew, and what came of it is logged and counted. */
import type { Ground } from "../attachment/consider.ts";
import { reapply, type Reapplied } from "../attachment/reapply.ts";
import { hasLeftFormer } from "../attachment/uplink/former.ts";
import type { Log } from "../log.ts";
import { changeInWords, cutsInWords } from "../report/change.ts";
import { nameOf } from "../report/names.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { findingsOf, type Findings } from "./events/of-decision.ts";
import { inFull, outcomeOf, type Outcome } from "./status/outcome.ts";
import type { Came, Tools } from "./work.ts";

export type Decided = Told &
  Pick<Reapplied, "left" | "asks"> & { readonly stands: Outcome; readonly findings: Findings };

type Told = Came & {
  readonly kind: Reapplied["kind"];
  /** It was in a class that the conf has no more, and is in it no more. */
  readonly leftFormer?: boolean;
  /** Rules that have not all addresses yet, by their source; the rest is applied. */
  readonly addressless?: readonly string[] | undefined;
  /** The uplink may be as an ADD by another conf has left it. */
  readonly hadAnotherUplink?: boolean | undefined;
};

export async function decideAnew(
  tools: Tools,
  record: AttachmentRecord,
  ground: Ground,
  why: readonly string[],
): Promise<Decided> {
  const { stateDir, log } = tools;
  const began = performance.now();
  const came = await reapply({ ...ground, stateDir, record, log });
  const seconds = (performance.now() - began) / 1000;
  const { left, asks } = came;
  const told = tell(tools, nameOf(record), { came, seconds, why });
  return { ...told, left, asks, stands: outcomeOf(came), findings: findingsOf(came, told) };
}

type Done = { readonly came: Reapplied; readonly seconds: number; readonly why: readonly string[] };

function tell({ stateDir, log, metrics }: Tools, who: string, { came, seconds, why }: Done): Told {
  metrics.applies.inc({ result: came.kind });
  switch (came.kind) {
    case "same":
      return {
        kind: kindOf(came, who, log),
        outcome: "done",
        why: "",
        addressless: came.addressless,
        hadAnotherUplink: came.hadAnotherUplink,
      };
    case "hidden":
      log(
        "warn",
        `${who}: whether its network namespace still exists cannot be seen from here: nothing of it is changed; run the agent in the node's mount and process id namespaces`,
      );
      return { kind: came.kind, outcome: "done", why: "" };
    case "incomplete":
      log(
        "info",
        `${who}: its record does not say what was requested: it keeps what it has until its next start`,
      );
      return { kind: came.kind, outcome: "done", why: "" };
    case "alive":
    case "waiting":
      return { kind: came.kind, outcome: "done", why: "" };
    case "ended":
      return { kind: came.kind, outcome: "over", why: "" };
    case "gone":
      log("info", `${who}: its network namespace has ended: removed what it had on the node`);
      return { kind: came.kind, outcome: "over", why: "" };
    case "changed": {
      metrics.applySeconds.observe(seconds);
      log("info", `${who}: ${changeInWords(came.before, came.after)} (${why.join("; ")})`);
      for (const cut of cutsInWords(came.before, came.after)) log("warn", `${who}: ${cut}`);
      const leftFormer = hasLeftFormer(stateDir, came.before.membership, came.after.membership);
      const { addressless } = came;
      return { kind: kindOf(came, who, log), outcome: "done", why: "", addressless, leftFormer };
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

/** With a part of its requests refused, or not known yet, it is not as it is asked to be, although all the rest is. */
function kindOf(
  { kind, rejected, addressless }: Extract<Reapplied, { kind: "same" | "changed" }>,
  who: string,
  log: Log,
): Reapplied["kind"] {
  if (rejected === undefined) return addressless === undefined ? kind : "waiting";
  log("warn", `${who}: ${rejected}`);
  return "refused";
}
