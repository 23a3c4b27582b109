/** A load in both directions at once, watched second by second at the receiving ends. */
import { readFileSync } from "node:fs";
import { measure } from "../../test/lab/traffic/traffic.ts";
import type { LabNode } from "../../test/lab/node/node.ts";
import type { Pod } from "../../test/lab/node/pod.ts";
import { barHead, barLine, type Sample } from "./bars.ts";

export interface Scene {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly podAddress: string;
  readonly nodeAddress: string;
  /** The device that the node receives the pod's traffic on: behind every queue it may wait in. */
  readonly bridge: string;
  /** The pod's end on the node: what it has sent has reached the pod. */
  readonly hostDevice: string;
  readonly seconds: number;
  /** Mbit/s, where the pod has one. */
  readonly cap?: number;
}

/** What a sender tries to send, in each direction. */
export const OFFERED = "120M";

/** Prints one line of bars a second and returns the figures. */
export const watchLoad = async (scene: Scene): Promise<readonly Sample[]> => {
  const { node, pod, seconds, cap } = scene;
  // One second more than is watched, so that no bar is cut by the end of the load.
  const load = { seconds: seconds + 1, bitrate: OFFERED } as const;
  const loads = Promise.all([
    measure({ ...load, from: pod, to: node, address: scene.nodeAddress }),
    measure({ ...load, from: node, to: pod, address: scene.podAddress }),
  ]);
  // Whoever waits for it below learns of a failure; until then it must not end the demo.
  loads.catch(() => undefined);
  console.log(barHead(cap));
  const samples: Sample[] = [];
  let before = await firstBytes(scene);
  for (let second = 1; second <= seconds; second += 1) {
    await sleep(before.at + 1000 - performance.now());
    const now = counters(scene);
    const sample = {
      fromPod: mbit(now.fromPod - before.fromPod, now.at - before.at),
      toPod: mbit(now.toPod - before.toPod, now.at - before.at),
    };
    console.log(barLine(second, sample, cap));
    samples.push(sample);
    before = now;
  }
  await loads;
  return samples;
};

interface Counters {
  readonly at: number;
  readonly fromPod: number;
  readonly toPod: number;
}

/** Read from the node's /sys: to start a tool for it would cost a slow machine the second it measures. */
const counters = ({ node, bridge, hostDevice }: Scene): Counters => {
  const read = (device: string, counter: string): number =>
    Number(readFileSync(node.path(`/sys/class/net/${device}/statistics/${counter}`), "utf8"));
  return {
    at: performance.now(),
    fromPod: read(bridge, "rx_bytes"),
    toPod: read(hostDevice, "tx_bytes"),
  };
};

/** The first second is the one that begins with the first data, not with the hand-shake. */
const firstBytes = async (scene: Scene): Promise<Counters> => {
  const start = counters(scene);
  for (let now = start; ; now = counters(scene)) {
    if (now.fromPod > start.fromPod + 20_000 && now.toPod > start.toPod + 20_000) return now;
    if (now.at > start.at + 10_000) throw new Error("no traffic arrived within ten seconds");
    await sleep(10);
  }
};

const mbit = (bytes: number, ms: number): number => (bytes * 8) / (ms * 1000);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
