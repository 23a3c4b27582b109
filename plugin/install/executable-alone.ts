/** `install --executable`: for a chain that is not on the node, such as that of a NetworkAttachmentDefinition. */
import type { Print } from "../command-line/command.ts";
import { findPlaces } from "../runtime/places.ts";
import { plainEntry } from "./chain/entry.ts";
import { executableName, isInPlace, stageExecutable } from "./node/executable.ts";
import { inTurn } from "./node/turn.ts";
import type { Where } from "./options.ts";
import { askStatus, chooseBinDir, ownExecutable, unchanged } from "./perform.ts";

declare const __VERSION__: string;

export async function installExecutable(where: Where, print: Print): Promise<0> {
  const { root, dryRun } = where;
  const binDir = chooseBinDir(root, findPlaces(root, where).binDirs, { types: [] });
  const state = dryRun ? foretold(root, binDir) : await inTurn(root, () => put(root, binDir));
  print(`${binDir}/${executableName}: ${state} (${__VERSION__})`);
  return 0;
}

function foretold(root: string, binDir: string): string {
  return isInPlace(root, binDir, ownExecutable()) ? "is this version already" : "would be written";
}

async function put(root: string, binDir: string): Promise<string> {
  const staged = stageExecutable(root, binDir, ownExecutable());
  try {
    const path = staged?.path ?? `${binDir}/${executableName}`;
    await askStatus(root, path, { entry: plainEntry, network: "pod-qos" });
    staged?.commit();
  } catch (error) {
    staged?.abandon();
    throw unchanged(error);
  }
  return staged === undefined ? "is this version already" : "written";
}
