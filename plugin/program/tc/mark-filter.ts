/** A filter of the root qdisc that takes a packet's mark for its class, as tc writes it and prints it back. Pure. */
import type { MarkFilter } from "./objects.ts";

/** Two instructions of cls_bpf: load the mark, return it. What such a program returns is the class; 0 is none. */
const program = "2,32 0 0 4294963220,22 0 0 0";

export function markWords({ dev, parent, pref }: MarkFilter): string {
  return `filter add dev ${dev} parent ${parent} protocol all pref ${pref} bpf bytecode '${program}'`;
}

/** With another program it is somebody else's. */
export function parseMarkFilter(dev: string, line: string): readonly MarkFilter[] {
  const [, parent, pref, found] = printed.exec(line) ?? [];
  if (parent === undefined || found !== program) return [];
  return [{ kind: "mark", dev, parent, pref: Number(pref) }];
}

const printed =
  /^filter parent (\S+) protocol all pref (\d+) bpf chain 0 handle \S+ (?:not_in_hw )?bytecode '([^']*)'\s*$/;

/** A classifier is listed first without a filter of it. */
export function isMarkHead(line: string): boolean {
  return /^filter parent \S+ protocol all pref \d+ bpf chain 0 *$/.test(line);
}
