/** A lab node whose conf directory is as a distribution left it, with pod-qos put onto it and taken off. */
import { createHash } from "node:crypto";
import { copyFileSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { createNode, type LabNode } from "../node/node.ts";
import { pluginPath } from "../node/paths.ts";
import type { ExecResult } from "../node/process.ts";

export const confDir = "/etc/cni/net.d";
export const binDir = "/opt/cni/bin";

export type InstallSite = {
  readonly node: LabNode;
  /** By default on the node itself; never where the machine's own plugins are. */
  readonly install: (...args: readonly string[]) => Promise<ExecResult>;
  readonly uninstall: (...args: readonly string[]) => Promise<ExecResult>;
  /** Every file of both directories: mode, owner, content. */
  readonly files: () => Readonly<Record<string, string>>;
  /** The same, however often a file was written. */
  readonly contents: () => Readonly<Record<string, string>>;
  readonly read: (name: string) => string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** `fixture`: of test/unit/fixtures/net.d. */
export async function installSite(fixture: string): Promise<InstallSite> {
  const node = await createNode();
  const source = resolve(import.meta.dirname, "../../unit/fixtures/net.d", fixture);
  for (const name of readdirSync(source)) copyFileSync(join(source, name), node.path(`${confDir}/${name}`));
  const call = (verb: string, args: readonly string[]): Promise<ExecResult> =>
    node.exec(pluginPath(), [verb, "--bin-dir", binDir, "--conf-dir", confDir, ...args], { reject: false });
  return {
    node,
    install: (...args) => call("install", args),
    uninstall: (...args) => call("uninstall", args),
    files: () => filesOf(node),
    contents: () =>
      Object.fromEntries(
        Object.entries(filesOf(node)).map(([path, said]) => [path, said.replace(/ \d+ (?=\w{40}$)/, " ")]),
      ),
    read: (name) => readFileSync(node.path(`${confDir}/${name}`), "utf8"),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

function filesOf(node: LabNode): Readonly<Record<string, string>> {
  return { ...treeOf(node, confDir), ...treeOf(node, binDir) };
}

function treeOf(node: LabNode, directory: string): Readonly<Record<string, string>> {
  const entries = readdirSync(node.path(directory)).flatMap(
    (name): readonly (readonly [string, string])[] => {
      const path = `${directory}/${name}`;
      const { mode, uid, gid, ino } = lstatSync(node.path(path));
      const owner = `${mode.toString(8)} ${uid}:${gid}`;
      if (lstatSync(node.path(path)).isSymbolicLink())
        return [[path, `${owner} -> ${readlinkSync(node.path(path))}`]];
      if (lstatSync(node.path(path)).isDirectory())
        return [[path, owner], ...Object.entries(treeOf(node, path))];
      const sum = createHash("sha1")
        .update(readFileSync(node.path(path)))
        .digest("hex");
      return [[path, `${owner} ${ino} ${sum}`]];
    },
  );
  return Object.fromEntries(entries);
}
