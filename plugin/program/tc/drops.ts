/** `tc -s qdisc show`: packets that devices have dropped. A root counts for its leaves, a clsact for the policers in it. Pure. */
import { batchText, type Batch } from "../handler.ts";

export function listDrops(devices: readonly string[]): Batch {
  const input = batchText(devices.map((dev) => `qdisc show dev ${dev}`));
  return { argv: ["tc", "-s", "-force", "-batch", "-"], input };
}

export function listAllDrops(): Batch {
  return { argv: ["tc", "-s", "qdisc", "show"], input: "" };
}

/** By device; all together under "" where one was asked for, for then tc does not say which. */
export function parseDrops(output: string): ReadonlyMap<string, number> {
  const counts = output.matchAll(
    /^qdisc \S+ \S+ (?:dev (\S+) )?(?:root|parent ffff:fff1)[^\n]*\n[^\n]*\(dropped (\d+),/gm,
  );
  const drops = new Map<string, number>();
  for (const [, dev = "", dropped] of counts) drops.set(dev, (drops.get(dev) ?? 0) + Number(dropped));
  return drops;
}
