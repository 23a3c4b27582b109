/**
 * `npm run chart`: dist/chart/pod-qos, the Helm chart of install/kubernetes.
 *
 *   --out <dir>   another directory than dist/chart/pod-qos
 */
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { assertReplaceable } from "./build/replaceable.ts";
import { ROOT, readProject } from "./build/project.ts";
import { writeChart } from "./release/chart-files.ts";

const { values } = parseArgs({ options: { out: { type: "string" } } });
const out = resolve(values.out ?? resolve(ROOT, "dist/chart/pod-qos"));
await assertReplaceable(out, "Chart.yaml");
await rm(out, { recursive: true, force: true });
await writeChart(out, readProject().version);
console.log(out);
