/** The watcher of watch-guest.ts on the VM's node, and what is done to the primary's conf under its eyes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../../scripts/build/project.ts";
import { IN_VM } from "../../../scripts/lab/cluster/node/folder.ts";
import { eventually } from "../../lab/cluster/eventually.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import { PRIMARY_FILE } from "../containerd/runtime.ts";
import { healedIn, linesIn, SEEN_FILE, STOP_FILE, type Line } from "./seen.ts";

export type Watching = {
  readonly seen: () => readonly Line[];
  /** The last line is its end. */
  readonly stop: () => Promise<readonly Line[]>;
};

const FOLDER = "watched";
const NODE = join(ROOT, "node_modules/.bin/node");
const GUEST = join(import.meta.dirname, "watch-guest.ts");

export const startWatching = async ({ exec, folder }: VmCluster): Promise<Watching> => {
  const here = join(folder, FOLDER);
  mkdirSync(here);
  const file = join(here, SEEN_FILE);
  const seen = (): readonly Line[] => (existsSync(file) ? linesIn(readFileSync(file, "utf8")) : []);
  const start = `${NODE} ${GUEST} ${IN_VM}/${FOLDER} >${IN_VM}/${FOLDER}/said 2>&1 &`;
  await exec(["sh", "-c", start]);
  const said = (): string => readFileSync(join(here, "said"), "utf8");
  const limits = { withinMs: 120_000, everyMs: 200, why: said };
  await eventually("the watcher sees the node", () => (seen().length > 0 ? true : undefined), limits);
  return {
    seen,
    stop: async () => {
      writeFileSync(join(here, STOP_FILE), "");
      const ended = (): true | undefined => (seen().at(-1)?.kind === "end" ? true : undefined);
      await eventually("the watcher has ended", ended, limits);
      return seen();
    },
  };
};

/** `whole`: as a careful program writes it. "": emptied, and a part. undefined: removed. */
export type Writing = { readonly text: string; readonly how: "whole" | "in pieces" } | undefined;

/** Milliseconds from the primary's last change until our conflist was made of it, or was gone with it. */
export const healed = async (
  { exec, folder }: VmCluster,
  watching: Watching,
  writing: Writing,
  withinMs: number,
): Promise<number> => {
  const path = `/etc/cni/net.d/${PRIMARY_FILE}`;
  const startedMs = lastMs(watching);
  if (writing !== undefined) writeFileSync(join(folder, "primary"), writing.text);
  await exec(["sh", "-ec", scriptOf(writing, path)]);
  return eventually(
    "healed",
    () => {
      const found = healedIn(watching.seen());
      return found !== undefined && found.sinceMs > startedMs ? found.ms : undefined;
    },
    { withinMs, everyMs: 100, why: () => JSON.stringify(watching.seen().slice(-4), null, 1) },
  );
};

const scriptOf = (writing: Writing, path: string): string => {
  const given = `${IN_VM}/primary`;
  if (writing === undefined) return `rm ${path}`;
  return writing.how === "whole"
    ? `cp ${given} ${path}.new; mv ${path}.new ${path}`
    : `: >${path}; sleep 1; head -c 60 ${given} >${path}; sleep 1; cat ${given} >${path}`;
};

const lastMs = ({ seen }: Watching): number =>
  Math.max(0, ...seen().map((line) => (line.kind === "sight" ? line.atMs : 0)));
