/** What an install does once it is decided: the executable first and the chain after it, and nothing where one of both cannot be. */
import { existsSync, statSync } from "node:fs";
import { readLeniently } from "../cni/conf.ts";
import { isObject } from "../cni/fields.ts";
import { inOurSpelling } from "../cni/spelling.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import type { Plan } from "./chain/model.ts";
import { executableName, stageExecutable } from "./node/executable.ts";
import { noteReturn } from "./node/leaving.ts";
import { onNode } from "../runtime/paths.ts";
import { runOnNode, untilNotLoaded } from "./node/runtime.ts";
import { stageChanges, type Staged } from "./node/write.ts";

export type Work = {
  readonly root: string;
  readonly binDir: string;
  readonly confDir: string;
  readonly plan: Plan;
  /** "leave": what is there is good enough, of whatever version. */
  readonly executable: "renew" | "leave";
  readonly signal?: AbortSignal;
};

export type Done = {
  readonly executable: "written" | "is this version already" | "left as it is";
  readonly plan: Plan;
};

/**
 * At no moment does a chain name what is not there, nor have a key that the executable does not know: an older version takes the
 * newer one's keys out of the chain before it takes the newer executable's place.
 */
export async function perform(work: Work, look: () => Plan): Promise<Done> {
  const { root, binDir, confDir, signal } = work;
  const executable = work.executable === "renew" ? stageExecutable(root, binDir, ownExecutable()) : undefined;
  let changes: Staged | undefined;
  let isChainFirst = false;
  let { plan } = work;
  try {
    if (work.executable === "renew")
      await askStatus(root, executable?.path ?? `${binDir}/${executableName}`, work.plan);
    plan = lookedAgain(work.plan, look());
    signal?.throwIfAborted();
    changes = stageChanges(root, confDir, plan.changes);
    isChainFirst = plan.dropped.length > 0 && existsSync(onNode(root, `${binDir}/${executableName}`));
    if (!isChainFirst) executable?.commit();
  } catch (error) {
    executable?.abandon();
    changes?.abandon();
    throw unchanged(error);
  }
  changes.commit();
  if (isChainFirst) {
    await untilNotLoaded(root, plan.dropped);
    executable?.commit();
  }
  if (plan.entry !== undefined)
    noteReturn(root, {
      network: plan.network,
      stateDir: readLeniently(inOurSpelling(plan.entry)).stateDir,
    });
  const state = executable === undefined ? "is this version already" : "written";
  return { executable: work.executable === "leave" ? "left as it is" : state, plan };
}

/** This very file; by /proc also where it has been removed or replaced. */
export function ownExecutable(): string {
  return existsSync(process.execPath) ? process.execPath : "/proc/self/exe";
}

/** Where the primary's own plugin is: of several directories that one is read. */
export function chooseBinDir(
  root: string,
  binDirs: readonly string[],
  { types }: Pick<Plan, "types">,
): string {
  const isThere = (path: string): boolean =>
    statSync(onNode(root, path), { throwIfNoEntry: false }) !== undefined;
  const [first] = binDirs;
  const found = binDirs.find((binDir) => isThere(`${binDir}/${types[0] ?? ""}`)) ?? first;
  if (found !== undefined && isThere(found)) return found;
  throw new CniError(
    ErrorCode.io,
    `${found ?? "the runtime's bin directory"} is not there: name the directory of its CNI plugins with --bin-dir`,
  );
}

/** Staging takes seconds, in which the primary may have written its file anew: what it wrote counts. */
function lookedAgain(before: Plan, now: Plan): Plan {
  if (now.refusal !== undefined) throw new CniError(ErrorCode.invalidConfig, now.refusal);
  if (JSON.stringify([now.entry, now.network]) === JSON.stringify([before.entry, before.network])) return now;
  throw new CniError(ErrorCode.tryAgainLater, "the confs have changed meanwhile: run this again");
}

export function unchanged(error: unknown): CniError {
  const { code, details } =
    error instanceof CniError ? error : new CniError(ErrorCode.internal, messageOf(error));
  const lines = [details, "Nothing was changed."].filter((line) => line !== "");
  return new CniError(code, messageOf(error), lines.join("\n"));
}

/** The very file that pods will need, in the node's own root: whether it starts there, and whether the node has what it needs. */
export async function askStatus(
  root: string,
  path: string,
  { entry, network }: Pick<Plan, "entry" | "network">,
): Promise<void> {
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

declare const __VERSION__: string;

/** In lines, for people. */
export function said(
  { binDir, confDir }: Pick<Work, "binDir" | "confDir">,
  { executable, plan }: Done,
): readonly string[] {
  const chain = plan.changes.map(
    ({ file, text }) => `${confDir}/${file}: ${text === undefined ? "removed" : "written"}`,
  );
  return [
    ...(executable === "left as it is"
      ? []
      : [`${binDir}/${executableName}: ${executable} (${__VERSION__})`]),
    ...(chain.length === 0 ? [`${confDir}: nothing to change`] : chain),
    ...plan.notes,
  ];
}
