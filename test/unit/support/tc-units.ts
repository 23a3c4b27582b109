/** iproute2's arithmetic: tc_core.c, utils.c and the kernel's own rounding of what tc hands it. */
import type { Leaf } from "../../../plugin/program/tc/objects.ts";

/**
 * How a version turns buckets into times and back. Up to 6.13 both ways are cut to whole microseconds; from 6.14 they are
 * kept in ticks, rounded up; from 6.16 sizes beyond 32 bits no longer wrap round.
 */
export type Tc = "6.1" | "6.14" | "6.16";

const ticksPerMicro = 1000 / 64;

export function bucketSize(rate: number, size: number, tc: Tc): number {
  const micros = (size / rate) * 1e6;
  if (tc === "6.1") return shownSize(rate, Math.floor(Math.floor(micros) * ticksPerMicro), tc);
  return shownSize(rate, Math.min(Math.ceil(micros * ticksPerMicro), 2 ** 32 - 1), tc);
}

/** TBF gets its bucket in bytes, so the kernel alone rounds it. */
function tbfTicks(rate: number, size: number): number {
  return Math.floor((size / rate) * 1e6 * ticksPerMicro);
}

function shownSize(rate: number, ticks: number, tc: Tc): number {
  if (tc === "6.1") return Math.floor((rate * Math.floor(ticks / ticksPerMicro)) / 1e6);
  const bytes = Math.floor((rate * (ticks / ticksPerMicro)) / 1e6);
  return tc === "6.14" ? bytes % 2 ** 32 : bytes;
}

/** print_rate: a unit is taken when nothing is lost, or when at least 1000 of it stay; the rest is cut off. */
export function printRate(bytesPerSecond: number): string {
  const units = ["", "K", "M", "G", "T"];
  let rate = BigInt(bytesPerSecond) * 8n;
  let unit = 0;
  while (unit < units.length - 1 && rate >= 1000n && (rate % 1000n === 0n || rate >= 1_000_000n)) {
    rate /= 1000n;
    unit += 1;
  }
  return `${rate}${units[unit]}bit`;
}

/** sprint_size: Mb within 1 KiB, Kb within 16 bytes, six digits. */
export function printSize(bytes: number): string {
  const mebi = 1024 ** 2;
  const near = (unit: number, tolerance: number): boolean =>
    bytes >= unit && Math.abs(unit * Math.round(bytes / unit) - bytes) < tolerance;
  if (near(mebi, 1024)) return `${general(Math.round(bytes / mebi), 6)}Mb`;
  if (near(1024, 16)) return `${general(Math.round(bytes / 1024), 6)}Kb`;
  return `${bytes}b`;
}

/** sprint_time: three digits. */
export function printTime(micros: number): string {
  if (micros >= 1e6) return `${general(micros / 1e6, 3)}s`;
  return micros >= 1e3 ? `${general(micros / 1e3, 3)}ms` : `${micros}us`;
}

/** What a leaf's line says behind handle and parent. */
export function leafText(queue: Leaf, tc: Tc): string {
  switch (queue.kind) {
    case "fq_codel":
      return (
        `limit ${queue.limitPackets}p flows 1024 quantum ${Math.max(256, queue.quantum)} ` +
        `target ${printTime(codel(queue.targetMicros))} interval ${printTime(codel(queue.intervalMicros))} ` +
        "memory_limit 32Mb ecn drop_batch 64 "
      );
    case "bfifo":
      return `limit ${printSize(queue.limitBytes)}`;
    case "pfifo":
      return `limit ${queue.limitPackets}p`;
    case "tbf": {
      const ticks = tbfTicks(queue.rate, queue.burst);
      const latency = Math.floor((queue.limitBytes * 1e6) / queue.rate - Math.floor(ticks / ticksPerMicro));
      const burst = printSize(shownSize(queue.rate, ticks, tc));
      return `rate ${printRate(queue.rate)} burst ${burst}/1 mpu 0b lat ${printTime(latency)} linklayer ethernet `;
    }
  }
}

/** CoDel keeps times in units of 1024 ns. */
function codel(micros: number): number {
  return Math.floor((Math.floor((micros * 1000) / 1024) * 1024) / 1000);
}

/** printf's %.<digits>g, which rounds a tie to the even digit. */
export function general(value: number, digits: number): string {
  const longer = value.toExponential(digits);
  const [mantissa = "", exponent = "0"] = longer.split("e");
  const tie = mantissa.endsWith("5") && Number(longer) === value;
  const down = tie && Number(mantissa.at(-2)) % 2 === 0;
  const rounded = down ? Number(`${mantissa.slice(0, -1)}e${exponent}`) : Number(value.toPrecision(digits));
  const power = Math.floor(Math.log10(rounded));
  if (power >= -4 && power < digits) return String(rounded);
  return `${Number((rounded / 10 ** power).toPrecision(digits))}e+${String(power).padStart(2, "0")}`;
}
