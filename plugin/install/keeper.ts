/** One turn of who keeps pod-qos installed: look, and where something has to change, change it. What it knows from turn to turn is here. */
import { existsSync } from "node:fs";
import type { JsonObject } from "../cni/fields.ts";
import { CniError, messageOf } from "../errors.ts";
import type { LogLevel } from "../cni/conf.ts";
import type { Log } from "../log.ts";
import type { Change, Following, Plan, Requested } from "./chain/model.ts";
import { planChain } from "./chain/plan.ts";
import { suspectsOf } from "./chain/rivals.ts";
import { isFought, isUndone, mayWriteAtMs, noted, nothingWritten } from "./chain/undone.ts";
import { executableName } from "./node/executable.ts";
import { lookAt } from "./node/look.ts";
import { onNode } from "../runtime/paths.ts";
import { findPlaces } from "../runtime/places.ts";
import { seeRuntime } from "./node/runtime.ts";
import { inTurn } from "./node/turn.ts";
import { stageChanges } from "./node/write.ts";
import { chooseBinDir, perform, said, type Work } from "./perform.ts";

export type KeepOptions = {
  readonly root: string;
  readonly confDir: string | undefined;
  readonly binDir: string | undefined;
  readonly network: string | undefined;
  readonly way: Requested["way"];
  /** For the first time; then the entry that is there counts, so that an install beside can change it. */
  readonly entry: JsonObject | undefined;
};

/** While all is well nothing but an event is waited for. */
const wellMs = 600_000;
const unwellMs = 1_000;
/** A primary may take its file away to put another there. */
const graceMs = 300;
const firstRetryMs = 200;
const longestRetryMs = 30_000;

/** The turn gives the milliseconds after which there must be another, whatever happens. */
export async function createKeeper(
  options: KeepOptions,
  log: Log,
  signal: AbortSignal,
): Promise<() => Promise<number>> {
  const { root, network, way } = options;
  const runtime = way === "drop-in" ? await seeRuntime(root) : undefined;
  let following: Following | undefined;
  let written = nothingWritten;
  let failures = 0;
  let notBeforeMs = 0;
  let refusedSinceMs: number | undefined;
  let told = "";

  const tell = (level: LogLevel, text: string): void => {
    if (text !== told) log(level, text);
    told = text;
  };
  const untilMs = (changes: readonly Change[]): number =>
    Math.max(notBeforeMs, mayWriteAtMs(written, changes)) - performance.now();
  const lookIn = (confDir: string): Plan => {
    const entry = following === undefined ? options.entry : undefined;
    const requested = { way, network, entry, ...(following !== undefined && { following }) };
    return planChain(lookAt(root, confDir, runtime), requested);
  };
  const note = (changes: readonly Change[]): void => {
    if (changes.length > 0) written = noted(written, changes, performance.now());
    failures = 0;
  };

  const refused = async (confDir: string, { refusal = "", isAlone, changes }: Plan): Promise<number> => {
    refusedSinceMs ??= performance.now();
    const sinceMs = performance.now() - refusedSinceMs;
    // A file that is being written is nothing to speak of.
    if (sinceMs > unwellMs / 2) tell("warn", refusal);
    if (!isAlone || changes.length === 0) return unwellMs;
    const restMs = Math.max(graceMs - sinceMs, untilMs(changes));
    if (restMs > 0) return restMs;
    await inTurn(
      root,
      () => {
        const plan = lookIn(confDir);
        if (!plan.isAlone || signal.aborted) return;
        stageChanges(root, confDir, plan.changes).commit();
        note(plan.changes);
        plan.notes.forEach((each) => log("info", each));
      },
      signal,
    );
    return unwellMs;
  };

  const installed = async (work: Omit<Work, "executable" | "signal">): Promise<void> => {
    const { confDir, binDir } = work;
    const done = await inTurn(
      root,
      () => {
        const isThere = existsSync(onNode(root, `${binDir}/${executableName}`));
        const executable = following !== undefined && isThere ? "leave" : "renew";
        return perform({ ...work, executable, signal }, () => lookIn(confDir));
      },
      signal,
    );
    note(done.plan.changes);
    following = { entry: done.plan.entry, way: done.plan.way };
    said(work, done).forEach((each) => log("info", each));
  };

  const turn = async (): Promise<number> => {
    const { confDir, binDirs } = findPlaces(root, options);
    const plan = lookIn(confDir);
    if (plan.refusal !== undefined) return await refused(confDir, plan);
    refusedSinceMs = undefined;
    const binDir = chooseBinDir(root, binDirs, plan);
    const isThere = existsSync(onNode(root, `${binDir}/${executableName}`));
    if (following !== undefined && isThere && plan.changes.length === 0) {
      following = { entry: plan.entry, way: plan.way };
      failures = 0;
      // Repeated undoing is logged once; the moments in between, when all is well, are not.
      if (isFought(written, performance.now())) return wellMs;
      if (told !== "") log("info", `pod-qos is in the chain of network ${plan.network}`);
      told = "";
      return wellMs;
    }
    const restMs = untilMs(plan.changes);
    if (restMs > 0) {
      if (isUndone(written, plan.changes)) tell("warn", undoneAgain(plan));
      return restMs;
    }
    await installed({ root, binDir, confDir, plan });
    return 0;
  };

  return async () => {
    try {
      return await turn();
    } catch (error) {
      if (signal.aborted) return 0;
      const retryMs = Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
      failures += 1;
      notBeforeMs = performance.now() + retryMs;
      const details = error instanceof CniError && error.details !== "" ? `: ${error.details}` : "";
      tell("error", messageOf(error) + details);
      return retryMs;
    }
  };
}

function undoneAgain({ changes, types }: Plan): string {
  const files = changes.map(({ file }) => file).join(", ");
  return `${files}: another program keeps undoing what we write; we retry at longer and longer intervals; ${suspectsOf(types)}`;
}
