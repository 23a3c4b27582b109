/** Goodput, the first second and the ping of others beside a saturated cap, against the Go bandwidth plugin. */
import { createNode, type LabNode } from "../../test/lab/node/node.ts";
import { pinnedPeer } from "../../test/lab/node/paths.ts";
import { callPlugin } from "../../test/lab/plugin/plugin.ts";
import { wirePod } from "../../test/lab/node/wire.ts";
import { limiters, type Limiter } from "./limiters.ts";
import type { Against, Measured, Metric } from "./report.ts";
import { directions, load, type Direction, type Link, type Sample } from "./saturate.ts";

export type TrafficOptions = {
  /** Mbit/s. */
  readonly caps: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly onProgress: (text: string) => void;
};

/** In every round each limiter in turn with each cap, in both directions; a limiter that is not installed is left out. */
export async function measureTraffic(options: TrafficOptions): Promise<readonly Measured[]> {
  const { caps, rounds, seconds, onProgress } = options;
  const present = limiters.filter(({ plugin }) => plugin === undefined || pinnedPeer(plugin) !== undefined);
  const samples = new Map<string, Sample[]>();
  await using node = await createNode();
  const links: Link[] = [];
  // One after the other: each takes the next free subnet.
  for (const _ of present) links.push(await link(node));
  for (let round = 0; round < rounds; round += 1) {
    for (const cap of caps) {
      for (const [at, limiter] of present.entries()) {
        onProgress(`round ${round + 1} of ${rounds}: ${limiter.subject} at ${cap}M`);
        const attached = links[at];
        if (attached === undefined) continue;
        await call(node, attached, limiter, cap, "ADD");
        for (const direction of directions) {
          const key = keyOf(limiter, cap, direction);
          const sample = await load(node, attached, { cap, direction, seconds });
          samples.set(key, [...(samples.get(key) ?? []), sample]);
        }
        await call(node, attached, limiter, cap, "DEL");
        await cleared(node, attached);
      }
    }
  }
  return caps.flatMap((cap) =>
    directions.flatMap((direction) =>
      present.map((limiter) =>
        measured(limiter, cap, direction, samples.get(keyOf(limiter, cap, direction)) ?? []),
      ),
    ),
  );
}

async function link(node: LabNode): Promise<Link> {
  const pod = await node.addPod();
  return { pod, wire: await wirePod(node, pod) };
}

async function call(
  node: LabNode,
  { pod, wire }: Link,
  { plugin, conf }: Limiter,
  cap: number,
  command: "ADD" | "DEL",
): Promise<void> {
  const { prevResult, podDevice } = wire;
  const path = plugin === undefined ? undefined : pinnedPeer(plugin);
  const result = await callPlugin(node, {
    command,
    conf: { cniVersion: "1.0.0", name: "bench", type: "pod-qos", ...conf(cap * 1e6), prevResult },
    containerId: pod.containerId,
    netns: pod.netns,
    ifname: podDevice,
    ...(path === undefined ? {} : { plugin: path }),
  });
  if (result.exitCode !== 0)
    throw new Error(`${result.command} ${command}: ${result.stdout}${result.stderr}`);
}

/** The bandwidth plugin leaves its queue to die with the veth; this veth lives on. */
async function cleared(node: LabNode, { wire }: Link): Promise<void> {
  for (const hook of ["root", "ingress"]) {
    await node.exec("tc", ["qdisc", "del", "dev", wire.hostDevice, hook], { reject: false });
  }
}

function measured(
  { subject }: Limiter,
  cap: number,
  direction: Direction,
  samples: readonly Sample[],
): Measured {
  const title = `${cap}M ${direction}`;
  const metric = (name: string, unit: string, of: keyof Sample): Metric => ({
    name,
    unit,
    samples: samples.map((sample) => sample[of]),
  });
  const others: readonly Against[] = limiters
    .filter((other) => other.subject !== subject)
    .map((other) => ({ subject: other.subject, title }));
  return {
    group: "traffic",
    subject,
    title,
    against: others,
    metrics: [
      metric("goodput", "x cap", "goodput"),
      metric("first second", "x cap", "firstSecond"),
      metric("ping p50", "ms", "pingP50"),
      metric("ping p99", "ms", "pingP99"),
    ],
  };
}

function keyOf({ subject }: Limiter, cap: number, direction: Direction): string {
  return `${subject} ${cap} ${direction}`;
}
