import { patience } from "../traffic/pace.ts";
import type { Namespace } from "./process.ts";

/**
 * What the kernel tells of changes to qdiscs, classes, filters and links in a namespace while `body` runs. A change of
 * our own before and one after it frame the report: without both it would say nothing of what came between.
 */
export const changesDuring = async (ns: Namespace, body: () => Promise<void>): Promise<readonly string[]> => {
  const monitors = [ns.start("tc", ["monitor"]), ns.start("ip", ["-o", "monitor", "link"])];
  await pause(300 * patience);
  await frame(ns, "add");
  await body();
  await frame(ns, "del");
  await pause(150 * patience);
  monitors.forEach(({ kill }) => kill("SIGTERM"));
  const outputs = await Promise.all(monitors.map(async ({ done }) => (await done).stdout.split("\n")));
  const lines = outputs.flat().filter((line) => line.trim() !== "");
  const frames = lines.filter((line) => FRAME.test(line));
  if (frames.length < 2) throw new Error(`${ns.name}: the monitor saw ${frames.length} of 2 changes`);
  return lines.filter((line) => !FRAME.test(line) && !NOISE.test(line));
};

const frame = (ns: Namespace, verb: "add" | "del") =>
  ns.exec("tc", ["qdisc", verb, "dev", "lo", "root", "handle", "f00:", ...(verb === "add" ? ["pfifo"] : [])]);

const FRAME = /qdisc pfifo f00: dev lo/;
/** The loopback's own qdisc, which the frame replaces and brings back. */
const NOISE = /dev lo |: lo: /;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
