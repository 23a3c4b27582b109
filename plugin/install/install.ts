/**
 * `pod-qos install`: the executable into the runtime's bin directory, then its chain. What is there is read first, what is to be
 * written is decided as data (chain/), and all of it is staged on the disk before the first rename.
 */
import { readFileSync, statSync } from "node:fs";
import { parseConf } from "../cni/conf.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { refuseRepeatedKeys } from "../cni/json-keys.ts";
import { inOurSpelling } from "../cni/spelling.ts";
import { command, type Print } from "../command-line/command.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { nodeChecks } from "../report/node-checks.ts";
import { diffOf } from "./chain/diff.ts";
import type { Plan } from "./chain/model.ts";
import { planChain } from "./chain/plan.ts";
import { findPrimary } from "./chain/primary.ts";
import { executableName, isInPlace, stageExecutable, type Staged } from "./node/executable.ts";
import { lookAt } from "./node/look.ts";
import { onNode } from "../runtime/paths.ts";
import { findPlaces } from "../runtime/places.ts";
import { runOnNode, seeRuntime } from "./node/runtime.ts";
import { stageChanges } from "./node/write.ts";
import { installOptions, installTable, type InstallOptions } from "./options.ts";

declare const __VERSION__: string;

export const install = command({
  about: `It writes a conflist of its own that sorts directly before the primary plugin's:
the same network, the primary's whole chain but "bandwidth", pod-qos last. The
primary's file stays as it is. Run again, it upgrades; what is there already is
not written again.`,
  options: installTable,
  exitCodes: { 0: "installed, or nothing to do", 1: "refused or failed, and nothing was changed" },
  run: ({ options }, print) => installAs(installOptions(options), print),
});

async function installAs(options: InstallOptions, print: Print): Promise<0> {
  const { root } = options;
  const places = findPlaces(root, options);
  const { confDir } = places;
  const entry = options.entry === undefined ? undefined : readEntry(options.entry);
  const runtime = options.way === "drop-in" ? await seeRuntime(root) : undefined;
  const look = (): Plan => planChain(lookAt(root, confDir, runtime), { ...options, entry });
  const plan = look();
  if (plan.refusal !== undefined) return refuse(options, confDir, plan, print);
  const primary = findPrimary(lookAt(root, confDir, runtime).files, confDir, options.network);
  const binDir = chooseBinDir(root, places.binDirs, "chain" in primary ? primary.chain.plugins : []);
  return options.dryRun
    ? await foretell({ options, binDir, confDir, plan }, print)
    : await perform({ options, binDir, confDir, plan }, look, print);
}

/** Where the primary's own plugin is: of several directories that one is read. */
function chooseBinDir(root: string, binDirs: readonly string[], plugins: readonly JsonObject[]): string {
  const isThere = (path: string): boolean =>
    statSync(onNode(root, path), { throwIfNoEntry: false }) !== undefined;
  const [first] = binDirs;
  const found = binDirs.find((binDir) => isThere(`${binDir}/${String(plugins[0]?.["type"])}`)) ?? first;
  if (found !== undefined && isThere(found)) return found;
  throw new CniError(
    ErrorCode.io,
    `${found ?? "the runtime's bin directory"} is not there: name the directory of its CNI plugins with --bin-dir`,
  );
}

/** A conflist whose primary is gone goes, all else stays. */
function refuse({ root, dryRun }: InstallOptions, confDir: string, plan: Plan, print: Print): never {
  if (!dryRun) stageChanges(root, confDir, plan.changes).commit();
  if (plan.notes.length > 0) print(plan.notes.join("\n"));
  throw new CniError(ErrorCode.invalidConfig, plan.refusal ?? "");
}

type Work = {
  readonly options: InstallOptions;
  readonly binDir: string;
  readonly confDir: string;
  readonly plan: Plan;
};

async function foretell({ options, binDir, confDir, plan }: Work, print: Print): Promise<0> {
  const { root } = options;
  if (root === "/") await assertServes(plan);
  const word = isInPlace(root, binDir, process.execPath) ? "is this version already" : "would be written";
  const changes = plan.changes.map((change) => diffOf({ ...change, file: `${confDir}/${change.file}` }));
  print([`${binDir}/${executableName}: ${word} (${__VERSION__})`, ...changes, ...plan.notes].join("\n"));
  return 0;
}

async function assertServes({ entry, network }: Plan): Promise<void> {
  if (entry === undefined || network === undefined) return;
  const conf = parseConf(inOurSpelling({ ...entry, name: network }), network);
  for (const { check } of nodeChecks) await check(conf);
}

/** The executable first and the chain after it: at no moment does a chain name what is not there. */
async function perform(work: Work, look: () => Plan, print: Print): Promise<0> {
  const { options, binDir, confDir } = work;
  const { root } = options;
  const executable = stageExecutable(root, binDir, process.execPath);
  let changes: ReturnType<typeof stageChanges> | undefined;
  let { plan } = work;
  try {
    await askStatus(root, executable?.path ?? `${binDir}/${executableName}`, work.plan);
    plan = lookedAgain(work.plan, look());
    changes = stageChanges(root, confDir, plan.changes);
    executable?.commit();
  } catch (error) {
    executable?.abandon();
    changes?.abandon();
    throw unchanged(error);
  }
  changes.commit();
  print(said({ executable, binDir, confDir, plan }));
  return 0;
}

/** Staging takes seconds, in which the primary may have written its file anew: what it wrote counts. */
function lookedAgain(before: Plan, now: Plan): Plan {
  if (now.refusal !== undefined) throw new CniError(ErrorCode.invalidConfig, now.refusal);
  if (JSON.stringify([now.entry, now.network]) === JSON.stringify([before.entry, before.network])) return now;
  throw new CniError(ErrorCode.tryAgainLater, "the confs have changed meanwhile: run this again");
}

function unchanged(error: unknown): CniError {
  const { code, details } =
    error instanceof CniError ? error : new CniError(ErrorCode.internal, messageOf(error));
  const lines = [details, "Nothing was changed."].filter((line) => line !== "");
  return new CniError(code, messageOf(error), lines.join("\n"));
}

/** The very file that pods will need, in the node's own root: whether it starts there, and whether the node has what it needs. */
async function askStatus(root: string, path: string, { entry, network }: Plan): Promise<void> {
  const conf = JSON.stringify({ ...entry, cniVersion: "1.1.0", name: network });
  const { exitCode, stdout, stderr } = await runOnNode(root, [path], conf, ["CNI_COMMAND=STATUS"]);
  if (exitCode === 0) return;
  const answer = answerOf(stdout);
  if (answer !== undefined) throw new CniError(ErrorCode.notAvailable, answer.message, answer.details);
  throw new CniError(
    ErrorCode.notAvailable,
    "the executable does not start on this node (it needs glibc 2.28 or later, and a file system that is not mounted noexec)",
    stderr.trim(),
  );
}

function answerOf(stdout: string): { readonly message: string; readonly details: string } | undefined {
  try {
    const answer: unknown = JSON.parse(stdout);
    if (!isObject(answer) || typeof answer["msg"] !== "string") return undefined;
    return { message: answer["msg"], details: String(answer["details"] ?? "") };
  } catch {
    return undefined;
  }
}

function readEntry(path: string): JsonObject {
  const text = readFileSync(path, "utf8");
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

type Done = {
  readonly executable: Staged | undefined;
  readonly binDir: string;
  readonly confDir: string;
  readonly plan: Plan;
};

function said({ executable, binDir, confDir, plan }: Done): string {
  const state = executable === undefined ? "is this version already" : "written";
  const chain = plan.changes.map(
    ({ file, text }) => `${confDir}/${file}: ${text === undefined ? "removed" : "written"}`,
  );
  return [
    `${binDir}/${executableName}: ${state} (${__VERSION__})`,
    ...(chain.length === 0 ? [`${confDir}: nothing to change`] : chain),
    ...plan.notes,
  ].join("\n");
}
