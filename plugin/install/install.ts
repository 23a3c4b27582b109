/**
 * `pod-qos install`: the executable into the runtime's bin directory, then its chain. What is there is read first, what is to be
 * written is decided as data (chain/), and all of it is staged on the disk before the first rename.
 */
import { readFileSync } from "node:fs";
import { parseConf } from "../cni/conf.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { refuseRepeatedKeys } from "../cni/json-keys.ts";
import { inOurSpelling } from "../cni/spelling.ts";
import { command, type Print } from "../command-line/command.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { serviceLog } from "../log.ts";
import { assertServes } from "../report/status-checks.ts";
import { diffOf } from "./chain/diff.ts";
import type { Plan } from "./chain/model.ts";
import { planChain } from "./chain/plan.ts";
import { executableName, isInPlace } from "./node/executable.ts";
import { lookAt } from "./node/look.ts";
import { findPlaces } from "../runtime/places.ts";
import { seeRuntime } from "./node/runtime.ts";
import { inTurn } from "./node/turn.ts";
import { stageChanges } from "./node/write.ts";
import { installOptions, installTable, type InstallOptions } from "./options.ts";
import { installExecutable } from "./executable-alone.ts";
import { chooseBinDir, ownExecutable, perform, said, type Work } from "./perform.ts";
import { untilPrimary } from "./until-primary.ts";
import { keepInstalled, type KeepOptions } from "./watch.ts";

declare const __VERSION__: string;

export const install = command({
  about: `It writes a conflist of its own that sorts directly before the primary plugin's:
the same network, the primary's whole chain but "bandwidth", pod-qos last. The
primary's file stays as it is. Run again, it upgrades; what is there already is
not written again.`,
  options: installTable,
  exitCodes: {
    0: "installed, or nothing to do; with --watch: ended by SIGTERM or SIGINT",
    1: "refused or failed, and nothing was changed",
  },
  run: ({ options }, print) => installAs(installOptions(options), print),
});

async function installAs(options: InstallOptions, print: Print): Promise<0> {
  const { root } = options;
  if (options.only === "executable") return await installExecutable(options, print);
  const entry = options.entry === undefined ? undefined : readEntry(options.entry);
  if (options.watch) return await watchUntilEnd({ ...options, entry });
  if (options.wait) await untilPrimary(options, print);
  const places = findPlaces(root, options);
  const { confDir } = places;
  const runtime = options.way === "drop-in" ? await seeRuntime(root) : undefined;
  const look = (): Plan => planChain(lookAt(root, confDir, runtime), { ...options, entry });
  const plan = look();
  if (plan.refusal !== undefined) return refuse(options, confDir, look, print);
  const work: Work = {
    root,
    confDir,
    plan,
    executable: "renew",
    binDir: chooseBinDir(root, places.binDirs, plan),
  };
  if (options.dryRun) return await foretell(work, print);
  const done = await inTurn(root, () => perform(work, look));
  print(said(work, done).join("\n"));
  return 0;
}

/** SIGTERM and SIGINT end it and leave the node as it is: removal is a command of its own. */
async function watchUntilEnd(options: KeepOptions): Promise<0> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGTERM", end).once("SIGINT", end);
  await keepInstalled(options, serviceLog("pod-qos install"), ending.signal);
  return 0;
}

/** A conflist whose primary is gone goes, all else stays. */
async function refuse(
  { root, dryRun }: InstallOptions,
  confDir: string,
  look: () => Plan,
  print: Print,
): Promise<never> {
  // Looked at anew once it is its turn: who was at work meanwhile may have written what would be removed here.
  const removeAlone = (): Plan => {
    const now = look();
    if (now.refusal !== undefined) stageChanges(root, confDir, now.changes).commit();
    return now;
  };
  const { notes, refusal } = dryRun ? look() : await inTurn(root, removeAlone);
  if (notes.length > 0) print(notes.join("\n"));
  throw new CniError(ErrorCode.invalidConfig, refusal ?? `${confDir} has changed meanwhile: install again`);
}

async function foretell({ root, binDir, confDir, plan }: Work, print: Print): Promise<0> {
  if (root === "/") await assertEntryServes(plan);
  const word = isInPlace(root, binDir, ownExecutable()) ? "is this version already" : "would be written";
  const changes = plan.changes.map((change) => diffOf({ ...change, file: `${confDir}/${change.file}` }));
  print([`${binDir}/${executableName}: ${word} (${__VERSION__})`, ...changes, ...plan.notes].join("\n"));
  return 0;
}

async function assertEntryServes({ entry, network }: Plan): Promise<void> {
  if (entry === undefined || network === undefined) return;
  await assertServes(parseConf(inOurSpelling({ ...entry, name: network }), network));
}

function readEntry(given: string): JsonObject {
  const isText = given.trimStart().startsWith("{");
  const text = isText ? given : readFileSync(given, "utf8");
  const path = isText ? "--entry" : given;
  let entry: unknown;
  try {
    entry = JSON.parse(text);
  } catch (error) {
    throw new CniError(ErrorCode.decode, `${path} is not JSON: ${messageOf(error)}`);
  }
  if (!isObject(entry)) throw new CniError(ErrorCode.decode, `${path} is not one entry of a conflist`);
  refuseRepeatedKeys(path, text);
  return entry;
}
