/** The executable of 0.1.0: the file that POD_QOS_FORMER names, or built anew from the history of this repository. */
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";

export interface Former {
  readonly path: string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

const COMMIT = "d3133e4";
const root = resolve(import.meta.dirname, "../../..");

export const buildFormer = async (): Promise<Former> => {
  const built = process.env["POD_QOS_FORMER"];
  if (built !== undefined) return { path: built, [Symbol.asyncDispose]: async () => {} };
  const tree = await mkdtemp(join(tmpdir(), "pod-qos-former-"));
  try {
    await unpack(tree);
    await symlink(join(root, "node_modules"), join(tree, "node_modules"));
    await execa(join(root, "node_modules/.bin/node"), ["scripts/build.ts"], { cwd: tree, timeout: 200_000 });
  } catch (error) {
    await rm(tree, { recursive: true });
    throw error;
  }
  return {
    path: join(tree, "dist/pod-qos"),
    [Symbol.asyncDispose]: () => rm(tree, { recursive: true }),
  };
};

const unpack = async (tree: string): Promise<void> => {
  const { exitCode, stderr } = await execa("sh", ["-c", UNPACK, "sh", COMMIT, tree], {
    cwd: root,
    reject: false,
  });
  if (exitCode !== 0)
    throw new Error(`0.1.0 is built from commit ${COMMIT}, which this clone needs to have: ${stderr}`);
};

/** Not piped: a shell knows only how the last command of a pipe ended. */
const UNPACK = 'git archive --output "$2/former.tar" "$1" && tar -x -C "$2" -f "$2/former.tar"';
