/** A qdisc line of `tc -d` as the queue behind a class, with what about it is not as we make them. Pure. */
import type { Leaf } from "./objects.ts";
import { bytes, bytesPerSecond, micros, word } from "./units.ts";

export function leafQueue(kind: string, line: string): Leaf | undefined {
  switch (kind) {
    case "fq_codel":
      return {
        kind,
        limitPackets: parseInt(word(line, "limit"), 10),
        targetMicros: micros(word(line, "target")),
        intervalMicros: micros(word(line, "interval")),
        quantum: bytes(word(line, "quantum")),
      };
    case "bfifo":
      return { kind, limitBytes: bytes(word(line, "limit")) };
    case "pfifo":
      return { kind, limitPackets: parseInt(word(line, "limit"), 10) };
    case "tbf":
      return tbf(line);
    default:
      return undefined;
  }
}

/** tc says the limit as the time that a queue so long takes behind a full bucket. */
function tbf(line: string): Leaf {
  const rate = bytesPerSecond(word(line, "rate"));
  const burst = bytes(word(line, "burst"));
  const limitBytes = Math.round((micros(word(line, "lat")) / 1e6) * rate + burst);
  return { kind: "tbf", rate, burst, limitBytes };
}

/** What ours leave as the kernel has it. A change in place would leave it too. */
export function queueDeviations(kind: string, line: string): readonly string[] {
  if (kind === "tbf") return / peakrate /.test(line) ? [`it has peakrate ${word(line, "peakrate")}`] : [];
  if (kind !== "fq_codel") return [];
  const others = Object.entries(codelDefaults).flatMap(([name, value]) => {
    const found = word(line, name);
    // Old kernels do not say all of them.
    return found === "" || found === value ? [] : [`its ${name} is ${found}, not ${value}`];
  });
  return [
    ...others,
    ...(/ ce_threshold /.test(line) ? [`it has ce_threshold ${word(line, "ce_threshold")}`] : []),
    ...(/ ecn\b/.test(line) ? [] : ["it is noecn: it drops what it could mark"]),
  ];
}

/** The kernel's own, as tc prints them. */
const codelDefaults = { flows: "1024", memory_limit: "32Mb", drop_batch: "64" } as const;

/** With a size table a queue takes each packet for longer or shorter than it is, and so do the classes above it. */
export function sizeTable(line: string): readonly string[] {
  const found = / (?:overhead -?[1-9]\d*|tsize \d+).*/.exec(line);
  return found === null ? [] : [`it has a size table:${found[0]}`];
}
