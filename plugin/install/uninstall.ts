/**
 * `pod-qos uninstall`, in the order in which nothing breaks: the chain, the runtime's word that it has loaded it, what running pods
 * have, and last the executable, if nothing needs it any more. A later run goes on where this one had to stop.
 */
import { defaultStateDir, readLeniently } from "../cni/conf.ts";
import { inOurSpelling } from "../cni/spelling.ts";
import { command, type Print } from "../command-line/command.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { diffOf } from "./chain/diff.ts";
import { ourEntry } from "../cni/chain-file.ts";
import { readChain } from "./chain/file.ts";
import type { Seen } from "./chain/model.ts";
import { ownDropIns, parsed } from "./chain/own.ts";
import { planRemoval } from "./chain/removal.ts";
import { executables, removeExecutables } from "./node/executables.ts";
import { holders } from "./node/holders.ts";
import { forgetLeaving, noteLeaving, notedStateDirs } from "./node/leaving.ts";
import { lookAt } from "./node/look.ts";
import { findPlaces } from "../runtime/places.ts";
import { hasUsLoaded, runOnNode } from "./node/runtime.ts";
import { forgetTurns, inTurn, withoutKeeper } from "./node/turn.ts";
import { stageChanges, type Staged } from "./node/write.ts";
import { uninstallOptions, uninstallTable, type UninstallOptions } from "./options.ts";
import { release } from "./release.ts";

export const uninstall = command({
  about: `The chain first; then, when the runtime has loaded it without us, limits, marks
and classes of running pods; last the executable, once no running pod needs it
for its end. What cannot go yet is listed: run it again.`,
  options: uninstallTable,
  exitCodes: { 0: "all is gone", 1: "it failed", 3: "something is still needed" },
  run: ({ options }, print) => uninstallInTurn(uninstallOptions(options), print),
});

/** Files are changed by one process at a time. What only releases changes none, and an uninstall starts it as well. */
async function uninstallInTurn(options: UninstallOptions, print: Print): Promise<0 | 1 | 3> {
  const { root, dryRun, only } = options;
  const uninstalling = (): Promise<0 | 1 | 3> => uninstallAs(options, print);
  if (dryRun || only === "release") return await uninstalling();
  const exitCode = await withoutKeeper(root, () => inTurn(root, uninstalling));
  if (exitCode === 0) {
    forgetLeaving(root);
    forgetTurns(root);
  }
  return exitCode;
}

async function uninstallAs(options: UninstallOptions, print: Print): Promise<0 | 1 | 3> {
  const { root, network } = options;
  const { confDir, binDirs } = findPlaces(root, options);
  const seen = lookAt(root, confDir, undefined);
  const { changes, left } = planRemoval(seen, network);
  if (options.dryRun) {
    const shown = changes.map((change) => diffOf({ ...change, file: `${confDir}/${change.file}` }));
    return print([...shown, ...left].join("\n") || `${confDir}: nothing to change`) ? 0 : 1;
  }
  const stateDirs = stateDirsOf(seen, options);
  if (options.only === "all") {
    const staged = stageChanges(root, confDir, changes);
    noteBefore(staged, () => noteLeaving(root, network, stateDirs));
    staged.commit();
    for (const { file, text } of changes)
      print(`${confDir}/${file}: ${text === undefined ? "removed" : "written without pod-qos"}`);
    const isInstalled = changes.length > 0 || executables(root, binDirs).length > 0;
    if (isInstalled && !(await isUnloaded(options, left))) return pause(await unloadedHint(root), print);
  }
  const pods =
    root === "/" ? await releaseHere(options, stateDirs) : await releaseThere(options, binDirs, stateDirs);
  if (pods.text !== "") print(pods.text);
  if (pods.failures.length > 0)
    throw new CniError(ErrorCode.kernelRefused, "not all could be released", pods.failures.join("\n"));
  if (options.only === "release") return pods.kept ? 3 : 0;
  const needs = [
    ...left,
    ...holders(root),
    ...(pods.kept ? ["pods that keep their limits until they end"] : []),
  ];
  if (needs.length > 0) return pause(stillNeeded(needs), print);
  for (const path of removeExecutables(root, binDirs)) print(`${path}: removed`);
  return 0;
}

/** Before the confs go that name what is noted, and not where they cannot go. */
function noteBefore({ abandon }: Staged, note: () => void): void {
  try {
    note();
  } catch (error) {
    abandon();
    throw error;
  }
}

/** The one that is asked for, or the usual one, those that the confs name which go now, and those of a run before this one. */
function stateDirsOf(
  { files, dropIns }: Seen,
  { root, stateDir, network }: UninstallOptions,
): readonly string[] {
  if (stateDir !== undefined) return [stateDir];
  const chains = files.map(readChain).filter((chain) => typeof chain !== "string");
  const entries = [
    ...chains
      .filter((chain) => network === undefined || chain.network === network)
      .map(({ plugins }) => ourEntry(plugins)),
    ...ownDropIns({ dropIns }, network).map(({ text }) => parsed(text)),
  ].filter((entry) => entry !== undefined);
  const named = entries.map((entry) => readLeniently(inOurSpelling(entry)).stateDir);
  return [...new Set([defaultStateDir, ...named, ...notedStateDirs(root)])];
}

const reloadTakesMs = 10_000;

async function isUnloaded({ root, reloaded }: UninstallOptions, left: readonly string[]): Promise<boolean> {
  // What still names us is loaded, and keeps the executable.
  if (reloaded || left.length > 0) return true;
  const until = performance.now() + reloadTakesMs;
  for (;;) {
    const answer = await hasUsLoaded(root);
    if (answer === "no") return true;
    if (answer === "unknown" || performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function unloadedHint(root: string): Promise<string> {
  return (await hasUsLoaded(root)) === "unknown"
    ? "The runtime does not say which chain it has loaded, so running pods and the executable stay " +
        "as they are. See that it has loaded the conf, and run this again with --reloaded."
    : "The runtime still has the chain with pod-qos loaded, so running pods and the executable stay as they are. Run this again.";
}

type Pods = { readonly text: string; readonly kept: boolean; readonly failures: readonly string[] };

async function releaseHere({ network, pods }: UninstallOptions, stateDirs: readonly string[]): Promise<Pods> {
  const done = [];
  for (const stateDir of stateDirs)
    done.push(await release({ stateDir, network, pods: pods === "keep" ? "ended" : "all" }));
  const released = done.reduce((sum, each) => sum + each.released, 0);
  const kept = done.reduce((sum, each) => sum + each.kept, 0);
  const failures = done.flatMap((each) => each.failures);
  const lines = [
    ...(released > 0 ? [`released: ${released} interface(s) of pods`] : []),
    ...(kept > 0 ? [`kept: ${kept} interface(s) of pods have their limits until they end`] : []),
  ];
  return { text: lines.join("\n"), kept: kept > 0, failures };
}

/** A pod's network is the node's to reach: with the node's root, tools and paths. So the node's own executable does it. */
async function releaseThere(
  { root, network, pods }: UninstallOptions,
  binDirs: readonly string[],
  stateDirs: readonly string[],
): Promise<Pods> {
  const [executable] = executables(root, binDirs);
  if (executable === undefined) return { text: "", kept: false, failures: [] };
  const [texts, failures]: [string[], string[]] = [[], []];
  let kept = false;
  for (const stateDir of stateDirs) {
    const args = ["uninstall", "--only-release", `--${pods}`, "--state-dir", stateDir];
    const named = network === undefined ? [] : ["--network", network];
    const { exitCode, stdout, stderr } = await runOnNode(
      root,
      [executable, ...args, ...named],
      "",
      [],
      longestReleaseMs,
    );
    texts.push(stdout.trim());
    kept ||= exitCode === 3;
    if (exitCode !== 0 && exitCode !== 3) failures.push(stderr.trim());
  }
  return { text: texts.filter((text) => text !== "").join("\n"), kept, failures };
}

/** All pods of the node, one after the other: a busy node took longer than 20 s for twenty. */
const longestReleaseMs = 600_000;

function stillNeeded(needs: readonly string[]): string {
  return [
    "The executable stays, for it is still needed:",
    ...needs.map((need) => `  ${need}`),
    "Run this again later: it goes on from here.",
  ].join("\n");
}

function pause(text: string, print: Print): 3 {
  print(text);
  return 3;
}
