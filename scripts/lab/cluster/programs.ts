/** The programs of Kubernetes that the lab runs: what scripts/lab/peers.json pins, and where each one lies once it is built. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { ClusterError } from "./errors.ts";

export const ROOT = resolve(import.meta.dirname, "../../..");

export type Program = { readonly name: string; readonly package: string };

export type Kubernetes = {
  readonly version: string;
  readonly flags: readonly string[];
  readonly programs: readonly Program[];
};

const Peers = z.object({
  kubernetes: z.object({
    version: z.string(),
    flags: z.array(z.string()),
    programs: z.array(z.object({ name: z.string(), package: z.string() })),
  }),
});

export const kubernetes: Kubernetes = Peers.parse(
  JSON.parse(readFileSync(join(ROOT, "scripts/lab/peers.json"), "utf8")),
).kubernetes;

/** Named by all that a program depends on, so that it is there or it is not, and is never an old one. */
export const binFolder = ({ version, flags }: Kubernetes = kubernetes): string => {
  const recipe = createHash("sha256").update(flags.join("\n")).digest("hex").slice(0, 8);
  return join(ROOT, ".cache/cluster", `kubernetes-${version}-${recipe}`);
};

/** Full path of a program; throws when it has not been built. */
export const programPath = (name: string): string => {
  const path = join(binFolder(), name);
  if (!existsSync(path)) {
    throw new ClusterError(`${path} is missing: node scripts/lab/cluster/build.ts ${name} builds it`);
  }
  return path;
};

/** Those of these programs that are not there. */
export const missingPrograms = (names: readonly string[]): readonly Program[] =>
  names.map(pinnedProgram).filter(({ name }) => !existsSync(join(binFolder(), name)));

const pinnedProgram = (name: string): Program => {
  const found = kubernetes.programs.find((one) => one.name === name);
  if (found === undefined) throw new ClusterError(`scripts/lab/peers.json has no program ${name}`);
  return found;
};
