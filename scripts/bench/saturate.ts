/** One capped pod, one direction, one TCP flow that wants more than the cap, and a ping beside it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { LabNode } from "../../test/lab/node/node.ts";
import type { Pod } from "../../test/lab/node/pod.ts";
import { measure, ping } from "../../test/lab/traffic/traffic.ts";
import type { Wire } from "../../test/lab/node/wire.ts";

/** The ping starts when the first second, in which queues fill, is over. */
export async function load(
  node: LabNode,
  { pod, wire }: Link,
  { cap, direction, seconds }: Load,
): Promise<Sample> {
  const fromPod = direction === "from the pod";
  const [from, to, address] = fromPod ? [pod, node, wire.node4] : [node, pod, wire.pod4];
  const running = measure({ from, to, address, seconds });
  running.catch(() => undefined);
  await sleep(1500);
  const count = Math.floor(((seconds - 1.5) * 1000) / PING_MS);
  const [times, { perSecond }] = await Promise.all([
    ping({ from, address, count, intervalMs: PING_MS }),
    running,
  ]);
  const [firstSecond = Number.NaN, ...later] = perSecond;
  const goodput = later.reduce((sum, value) => sum + value, 0) / later.length;
  return {
    goodput: goodput / (cap * 1e6),
    firstSecond: firstSecond / (cap * 1e6),
    pingP50: times.p50,
    pingP99: times.p99,
  };
}

const PING_MS = 20;

export const directions = ["from the pod", "to the pod"] as const;
export type Direction = (typeof directions)[number];

export type Link = { readonly pod: Pod; readonly wire: Wire };

export type Sample = {
  readonly goodput: number;
  readonly firstSecond: number;
  readonly pingP50: number;
  readonly pingP99: number;
};

type Load = { readonly cap: number; readonly direction: Direction; readonly seconds: number };
