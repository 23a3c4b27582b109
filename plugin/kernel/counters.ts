/** What has passed through links and classes so far, read as cheaply as can be: `show --watch` asks every second. */
import { readdirSync, readFileSync } from "node:fs";
import { batchText } from "../program/handler.ts";
import type { Place } from "../program/program.ts";
import { listCounters, parseCounters, type ClassCounters } from "../program/uplink/class-counters.ts";
import { run } from "./exec.ts";
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

/** Packets that were dropped at some devices: a root counts for its leaves, a clsact for the policers in it. */
export async function readDrops(place: Place, netns: string, devices: readonly string[]): Promise<number> {
  const input = batchText(devices.map((dev) => `qdisc show dev ${dev}`));
  const { stdout } = await runAt(place, netns, { argv: ["tc", "-s", "-force", "-batch", "-"], input });
  const counts = stdout.matchAll(/^qdisc \S+ \S+ (?:root|parent ffff:fff1)[^\n]*\n[^\n]*\(dropped (\d+),/gm);
  return [...counts].reduce((sum, [, dropped]) => sum + Number(dropped), 0);
}

/** The same for every device of the node, asked at once. */
export async function readNodeDrops(): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await run(["tc", "-s", "qdisc", "show"], "");
  const counts = stdout.matchAll(
    /^qdisc \S+ \S+ dev (\S+) (?:root|parent ffff:fff1)[^\n]*\n[^\n]*\(dropped (\d+),/gm,
  );
  const drops = new Map<string, number>();
  for (const [, dev = "", dropped] of counts) drops.set(dev, (drops.get(dev) ?? 0) + Number(dropped));
  return drops;
}

/** From the node's end of a veth: directions turn round there. */
export function readHostEnd(name: string): LinkCounters | undefined {
  const [received, sent] = ["tx_bytes", "rx_bytes"].map((counter) =>
    read(`/sys/class/net/${name}/statistics/${counter}`),
  );
  if (received === undefined || sent === undefined) return undefined;
  return { sentBytes: Number(sent), receivedBytes: Number(received) };
}

/** From inside, by way of some process that lives there: no process is started. */
export function readThroughProcess(pid: string, ifname: string): LinkCounters | undefined {
  const line = read(`/proc/${pid}/net/dev`)
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

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
