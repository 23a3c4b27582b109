/** The npm packages that the build put into the executable. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import { packageFolder } from "../build/notices.ts";
import { ROOT } from "../build/project.ts";
import type { NodePackage } from "./sbom.ts";

export async function bundledPackages(report: string): Promise<readonly NodePackage[]> {
  const { modules } = Report.parse(JSON.parse(await readFile(report, "utf8")));
  const folders = Object.keys(modules).flatMap((path) => packageFolder(path) ?? []);
  return Promise.all(
    [...new Set(folders)].toSorted().map(async (folder) => {
      const manifest = await readFile(join(resolve(ROOT, folder), "package.json"), "utf8");
      return Manifest.parse(JSON.parse(manifest));
    }),
  );
}

const Report = z.object({ modules: z.record(z.string(), z.number()) });
const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });
