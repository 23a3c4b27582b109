/**
 * `npm run bench`: what pod-qos costs and what it gives, as ratios to others measured in turn in the same run.
 *
 *   --runs N          calls per row of the start-up table; 30
 *   --quick           ten runs, one round of traffic, no 1G: to see whether a change does what it should
 *   --only GROUP      start-up or traffic
 *   --json PATH       where the figures go; dist/bench.json
 *   --compare OLD     the ratios of an earlier --json beside those of this run
 *   --profile VERB    no benchmark: where the time of ADD, CHECK, DEL, STATUS, VERSION or GC goes
 *
 * Needs root and `npm run build`; POD_QOS_BIN names another executable to measure.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, release } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hasFeature } from "../test/lab/node/needs.ts";
import { pinnedPeer, pluginBuilt, pluginPath } from "../test/lab/node/paths.ts";
import { bareNode } from "./bench/bare-node.ts";
import { profile } from "./bench/profile.ts";
import { readReport, reportOf, type About, type Measured, type Report } from "./bench/report.ts";
import { measureStartUp, programs } from "./bench/start-up.ts";
import { compareTable, startUpTable, trafficTable } from "./bench/tables.ts";
import { measureTraffic } from "./bench/traffic.ts";
import { readProject, ROOT } from "./build/project.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "string", default: resolve(ROOT, "dist/bench.json") },
      compare: { type: "string" },
      profile: { type: "string" },
    },
  });
  if (!pluginBuilt()) throw new Error(`${pluginPath()} is missing: npm run build makes it`);
  if (values.profile !== undefined) {
    for await (const part of profile(values.profile)) console.log(`${part}\n`);
    return 0;
  }
  // Read first: a wrong path should not cost five minutes.
  const old = values.compare === undefined ? undefined : readReport(await readFile(values.compare, "utf8"));
  const runs = Number(values.runs ?? (values.quick ? 10 : 30));
  const before = about(runs);
  const report = reportOf(before, await measureAll({ runs, quick: values.quick, only: values.only }));
  await mkdir(dirname(resolve(values.json)), { recursive: true });
  await writeFile(values.json, `${JSON.stringify(report, null, 1)}\n`);
  for (const text of pages(report, old)) console.log(`\n${text}`);
  console.log(`\n${values.json} has every sample.`);
  return 0;
}

type Extent = { readonly runs: number; readonly quick: boolean; readonly only: string | undefined };

async function measureAll({ runs, quick, only }: Extent): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  if (pinnedPeer("bandwidth") === undefined) {
    say("the bandwidth plugin is left out: ./scripts/test builds the version that is compared with");
  }
  if (only !== "traffic") {
    say(`start-up: ${runs} runs of every row`);
    measured.push(...(await measureStartUp(programs(await bareNode()), runs)));
  }
  if (only !== "start-up") {
    const extent = quick
      ? { caps: [20, 100], rounds: 1, seconds: 4 }
      : { caps: [20, 100, 1000], rounds: 3, seconds: 4 };
    measured.push(...(await measureTraffic({ ...extent, onProgress: say })));
  }
  return measured;
}

function pages(report: Report, old: Report | undefined): readonly string[] {
  const { about: of } = report;
  const head = `kernel ${of.kernel}, act_police: ${of.police ? "yes" : "no"}, ${of.cpus} CPUs, Node ${of.node}, pod-qos ${of.plugin}, load before ${of.load.toFixed(1)}`;
  const compared = old === undefined ? "" : `against ${old.about.at}\n${compareTable(old, report)}`;
  return [head, startUpTable(report), trafficTable(report), compared].filter((text) => text !== "");
}

function about(runs: number): About {
  const { version, nodeVersion } = readProject();
  return {
    at: new Date().toISOString(),
    kernel: release(),
    police: hasFeature("act_police"),
    cpus: cpus().length,
    plugin: version,
    node: nodeVersion,
    runs,
    load: loadavg()[0] ?? 0,
  };
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
