/** What an uninstall notes before it takes a conf away, for a later run: nothing else names a state directory of its own by then. */
import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import { writeJson } from "../../state/file.ts";
import { leavingFile, readLeaving, type Leaving } from "../../state/leaving.ts";
import { onNode } from "../../runtime/paths.ts";

export function notedStateDirs(root: string): readonly string[] {
  return noted(root).stateDirs;
}

/** `network`: undefined for all. */
export function noteLeaving(root: string, network: string | undefined, stateDirs: readonly string[]): void {
  const before = noted(root);
  const networks =
    network === undefined || before.networks === "all" ? "all" : union(before.networks, [network]);
  note(root, { stateDirs: union(before.stateDirs, stateDirs), networks });
}

/** pod-qos is back for one network, with that state directory. What else is there a later uninstall takes away. */
export function noteReturn(
  root: string,
  { network, stateDir }: { readonly network: string | undefined; readonly stateDir: string },
): void {
  const { stateDirs, networks } = noted(root);
  const left = {
    stateDirs: stateDirs.filter((each) => each !== stateDir && existsSync(onNode(root, each))),
    networks: networks === "all" ? [] : networks.filter((each) => each !== network),
  };
  if (left.stateDirs.length + left.networks.length === 0) forgetLeaving(root);
  else note(root, left);
}

/** All is gone. */
export function forgetLeaving(root: string): void {
  rmSync(onNode(root, leavingFile), { force: true });
}

function noted(root: string): Leaving {
  return readLeaving(onNode(root, leavingFile));
}

function note(root: string, leaving: Leaving): void {
  const path = onNode(root, leavingFile);
  try {
    writeJson(path, leaving, `${path}.tmp`);
  } catch (error) {
    const hint = `${dirname(leavingFile)} must be a directory that can be written, or a place for one`;
    throw new CniError(ErrorCode.io, messageOf(error), hint);
  }
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])];
}
