/**
 * From a cap in bits to what HTB and act_police take: bytes per second, buckets in bytes, queue lengths. Pure.
 * The figures behind the constants were measured; ARCHITECTURE.md tells how.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import type { Discipline } from "../cni/conf.ts";
import type { Cap } from "../policy/caps.ts";
import type { Leaf } from "../program/tc/objects.ts";

const ethernetHeader = 14;
/** The longest GSO packet, with the headers of each of its segments as the wire will have them. */
const gsoBytes = 68 * 1024;

const shapeBurstSeconds = 0.01;
/** TCP keeps a quarter of its rate under a policer with 40 ms, nearly all of it with 200 ms. */
const policeBurstSeconds = 0.2;

/** Two GSO packets, and what more than any card sends in 10 ms. */
const shortestQueue = 128 * 1024;
const longestQueue = 32 * 1024 * 1024;

/** Buckets are kept as a time, 32 bits of 64 ns, and told to tc as 32 bits of bytes. */
const longestBurstSeconds = (2 ** 32 - 1) * 64e-9;
const largestBurst = 2 ** 32 - 1;

/** HTB forgives debts of more than a minute: a packet that takes longer at this rate would be sent at a discount. */
const longestDebtSeconds = 60;

export type Bucket = { readonly rate: number; readonly burst: number };

export function frameBytes(mtu: number): number {
  return mtu + ethernetHeader;
}

export function shapeBucket(cap: Cap, mtu: number): Bucket {
  const rate = htbRate(cap, mtu);
  return bucket(cap, rate, Math.max(rate * shapeBurstSeconds, 2 * frameBytes(mtu)));
}

/** A policer's bucket where HTB keeps it: what is longer than the bucket passes as a debt, so that any burst will do. */
export function limitBucket(cap: Cap, discipline: Discipline, mtu: number): Bucket {
  if (discipline === "shape") return shapeBucket(cap, mtu);
  const rate = htbRate(cap, mtu);
  return bucket(cap, rate, Math.max(rate * policeBurstSeconds, gsoBytes));
}

export function policeBucket(cap: Cap, mtu: number): Bucket {
  const rate = bytesPerSecond(cap.rate);
  const result = bucket(cap, rate, Math.max(rate * policeBurstSeconds, gsoBytes));
  if (result.burst >= frameBytes(mtu)) return result;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${cap.burstSource ?? cap.source}: a policer with a burst of ${result.burst * 8} bits never passes a full packet ` +
      `of MTU ${mtu}: it takes ${frameBytes(mtu) * 8} bits or more`,
  );
}

/** Above the cap by what rounding and clocks may cost, so that it bites only when the pod's own shaper is gone. */
export function guardBucket(cap: Cap): Bucket {
  const rate = Math.floor(bytesPerSecond(cap.rate) * 1.05);
  const ownBurst = cap.burst === undefined ? 0 : Math.floor(cap.burst / 8);
  const burst = Math.max(rate * policeBurstSeconds, gsoBytes, ownBurst);
  return { rate, burst: fitting(burst, rate) };
}

/** fq_codel raises what is less; CHECK would find another value than was asked for. */
const smallestQuantum = 256;

/** The queue behind a shaper: short for whoever shares it. CoDel's target must leave time for one packet. */
export function shapeLeaf(rate: number, mtu: number, fqCodel: boolean): Leaf {
  const segments = segmenter(mtu);
  if (gsoBytes > rate * longestDebtSeconds) return segments;
  if (!fqCodel) return holdsBurst(segments, rate) && cuts(mtu) ? segments : wholePackets(rate, mtu);
  const packetMicros = Math.ceil((frameBytes(mtu) / rate) * 1e6);
  const targetMicros = Math.min(Math.max(5_000, Math.ceil(packetMicros * 1.5)), 2 ** 31);
  return {
    kind: "fq_codel",
    limitPackets: 1024,
    targetMicros,
    intervalMicros: Math.max(100_000, targetMicros),
    quantum: Math.max(frameBytes(mtu), smallestQuantum),
  };
}

/**
 * TBF cuts packets that exceed its bucket into their segments, and its queue holds 16 of them; at a rate no HTB hands packets
 * on it never holds one back. The bucket has room for tc's rounding.
 *
 * Needed below 10 kbit/s, where a whole GSO packet is more debt than HTB remembers. Without fq_codel it serves as long as 16
 * segments last 10 ms, up to 20M or so: whole GSO packets are half a second each at 1M, where TCP lost a quarter of its rate
 * to timeouts behind a queue of two of them; at 20M ping beside it fell from 50 ms to 9.
 */
function segmenter(mtu: number): Segmenter {
  const burst = frameBytes(mtu) + 256;
  return { kind: "tbf", rate: 12_500_000_000, burst, limitBytes: 16 * burst };
}

type Segmenter = Extract<Leaf, { readonly kind: "tbf" }>;

function holdsBurst({ burst }: Segmenter, rate: number): boolean {
  return 16 * burst >= rate * shapeBurstSeconds;
}

/** A frame that is nearly a GSO packet leaves nothing to cut. */
function cuts(mtu: number): boolean {
  return 4 * frameBytes(mtu) <= gsoBytes;
}

/** A queue of less than two frames sends one and is empty: at MTU 65535 TCP kept 30 % of its rate behind 128 KiB. */
function wholePackets(rate: number, mtu: number): Leaf {
  const limitBytes = Math.max(shortestQueue, 3 * frameBytes(mtu), Math.floor(rate * shapeBurstSeconds));
  return { kind: "bfifo", limitBytes: Math.min(limitBytes, longestQueue) };
}

/**
 * Behind a rule's policer, which any burst may be given: TCP kept a third of 20M and a fifth of 100M behind a burst of 5 ms
 * and a queue of one packet, nearly all of it with room for a few segments. Eight of them are 1 ms at 113M; two whole GSO
 * packets are as short from there on. At 10 Gbit/s the bucket of this TBF holds nothing back, and tc still tells its queue.
 */
export function policeLeaf(rate: number, mtu: number): Leaf {
  const burst = frameBytes(mtu) + 256;
  const limitBytes = 8 * burst;
  return limitBytes >= rate / 1000 && cuts(mtu)
    ? { kind: "tbf", rate: 1_250_000_000, burst, limitBytes }
    : { kind: "pfifo", limitPackets: 2 };
}

/** A shaper without a queue drops what a policer drops; one packet must fit, for HTB takes packets from its leaf. */
export const noQueue: Leaf = { kind: "pfifo", limitPackets: 1 };

/** Rounded down: a cap is never exceeded for the sake of a fraction of a byte. */
function bytesPerSecond(bits: number): number {
  return Math.floor(bits / 8);
}

function htbRate(cap: Cap, mtu: number): number {
  const rate = bytesPerSecond(cap.rate);
  if (frameBytes(mtu) <= rate * longestDebtSeconds) return rate;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${cap.source}: the kernel cannot hold ${cap.rate} bit/s at an MTU of ${mtu}: one packet would take longer ` +
      `than a minute; the lowest rate for this MTU is ${Math.ceil(frameBytes(mtu) / longestDebtSeconds) * 8} bit/s`,
  );
}

function bucket(cap: Cap, rate: number, ownBurst: number): Bucket {
  if (cap.burst === undefined) return { rate, burst: fitting(ownBurst, rate) };
  const burst = Math.max(1, Math.floor(cap.burst / 8));
  const longest = fitting(Infinity, rate);
  if (burst <= longest) return { rate, burst };
  throw invalidValue(
    cap.burstSource ?? cap.source,
    cap.burst,
    longest === largestBurst
      ? `tc takes a burst as 32 bits of bytes, at most ${longest * 8} bits`
      : `the kernel keeps a burst as a time of at most ${Math.floor(longestBurstSeconds)} s, at ${cap.rate} bit/s that is ` +
          `${longest * 8} bits`,
  );
}

function fitting(burst: number, rate: number): number {
  return Math.min(Math.floor(burst), Math.floor(rate * longestBurstSeconds), largestBurst);
}
