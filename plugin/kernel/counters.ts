/** What has passed through links and classes so far, read as cheaply as can be: `show --watch` asks every second. */
import { readdirSync } from "node:fs";
import type { Place } from "../program/program.ts";
import { listDrops, parseDrops, type Drops } from "../program/tc/drops.ts";
import type { TcObject } from "../program/tc/objects.ts";
import { listCounters, parseCounters, type ClassCounters } from "../program/tc/class-counters.ts";
import { run } from "./exec.ts";
import { readText } from "./linux.ts";
import { netnsId, runAt } from "./netns.ts";

/** As the pod sees it. */
export type LinkCounters = {
  readonly sentBytes: number;
  readonly receivedBytes: number;
};

export async function readClassCounters(device: string): Promise<readonly ClassCounters[]> {
  const { argv, input } = listCounters(device);
  return parseCounters((await run(argv, input)).stdout);
}

/** What these objects of one namespace have dropped, asked at once. */
export async function readDrops(place: Place, netns: string, objects: readonly TcObject[]): Promise<Drops> {
  if (objects.length === 0) return new Map();
  const { stdout } = await runAt(place, netns, listDrops(objects));
  return parseDrops(objects, stdout);
}

/** From the node's end of a veth: directions turn round there. */
export function readHostEnd(name: string): LinkCounters | undefined {
  const [received, sent] = ["tx_bytes", "rx_bytes"].map((counter) =>
    readText(`/sys/class/net/${name}/statistics/${counter}`),
  );
  if (received === undefined || sent === undefined) return undefined;
  return { sentBytes: Number(sent), receivedBytes: Number(received) };
}

/** From inside, by way of some process that lives there: no process is started. */
export function readThroughProcess(pid: string, ifname: string): LinkCounters | undefined {
  const line = readText(`/proc/${pid}/net/dev`)
    ?.split("\n")
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${ifname}:`));
  const fields = line
    ?.slice(ifname.length + 1)
    .trim()
    .split(/\s+/);
  return fields === undefined
    ? undefined
    : { receivedBytes: Number(fields[0]), sentBytes: Number(fields[8]) };
}

/** A process for each network namespace that has one. */
export function processesByNetns(): ReadonlyMap<string, string> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Map(
    pids.flatMap((pid) => {
      const id = netnsId(`/proc/${pid}/ns/net`);
      return id === undefined ? [] : [[id, pid] as const];
    }),
  );
}
