/**
 * The queue behind a class: how long, and whether it cuts what is too long for the rate. Pure.
 * The figures behind the constants were measured; ARCHITECTURE.md tells how.
 */
import { gsoBytes } from "../policy/caps.ts";
import type { Leaf } from "../program/tc/objects.ts";
import { frameBytes, longestDebtSeconds, shapeBurstSeconds } from "./rates.ts";

/** Two GSO packets, and what more than any card sends in 10 ms. */
const shortestQueue = 128 * 1024;
const longestQueue = 32 * 1024 * 1024;

/** fq_codel raises what is less; CHECK would find another value than was asked for. */
const smallestQuantum = 256;

/** The queue behind a shaper: short for whoever shares it. CoDel's target must leave time for one packet. */
export function shapeLeaf(rate: number, mtu: number, fqCodel: boolean): Leaf {
  const segments = segmenter(mtu);
  if (gsoBytes > rate * longestDebtSeconds) return segments;
  if (!fqCodel) return holdsBurst(segments, rate) && cuts(mtu) ? segments : wholePackets(rate, mtu);
  const packetMicros = Math.ceil((frameBytes(mtu) / rate) * 1e6);
  const targetMicros = Math.max(5_000, Math.ceil(packetMicros * 1.5));
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
