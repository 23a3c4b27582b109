/** The Helm chart of this checkout. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod/mini";
import { ROOT } from "../build/project.ts";
import { type Chart, chartOf } from "./chart.ts";

const BASE = resolve(ROOT, "install/kubernetes");

export async function chartFiles(version: string): Promise<Chart> {
  const { resources } = Kustomization.parse(parse(await readFile(join(BASE, "kustomization.yaml"), "utf8")));
  const texts = await Promise.all(
    resources.map(async (name) => [name, await readFile(join(BASE, name), "utf8")] as const),
  );
  return chartOf(new Map(texts), version);
}

const Kustomization = z.object({ resources: z.array(z.string()) });

/** As a folder, as Helm takes it too. */
export async function writeChart(folder: string, version: string): Promise<void> {
  for (const [path, text] of await chartFiles(version)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}
