/**
 * The queue behind a class: how long, and whether it cuts what is too long for the rate. Pure.
 * The figures behind the constants were measured; ARCHITECTURE.md tells how.
 */
import { gsoBytes } from "../policy/cap/caps.ts";
import { objectsOf, type Program } from "../program/program.ts";
import { describeTc, type Leaf } from "../program/tc/objects.ts";
import { frameBytes, longestDebtSeconds, shapeBurstSeconds } from "./rates.ts";

/** More than any card sends in 10 ms. */
const longestQueue = 32 * 1024 * 1024;

/** fq_codel raises what is less; CHECK would find another value than was asked for. */
const smallestQuantum = 256;

/** The queue behind a shaper: short for whoever shares it. CoDel's target must leave time for one packet. */
export function shapeLeaf(rate: number, mtu: number, fqCodel: boolean): Leaf {
  if (gsoBytes > rate * longestDebtSeconds) return segmenter(rate);
  if (!fqCodel) return wholePackets(rate, mtu);
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
 * Below 10 kbit/s a whole GSO packet is more debt than HTB remembers. TBF cuts what exceeds its bucket into its segments, and
 * drops for ever what cannot be cut: the bucket holds what HTB remembers, so that no frame is dropped that it could hold back,
 * whatever the MTU will be. The queue holds all segments of a GSO packet; at a rate no HTB hands packets on it holds none back.
 */
function segmenter(rate: number): Leaf {
  return { kind: "tbf", rate: 12_500_000_000, burst: rate * longestDebtSeconds, limitBytes: gsoBytes };
}

/**
 * 10 ms of rate, and a whole GSO packet, or a message that conforms would be lost. Not cut: a TBF whose bucket cuts would drop
 * for ever every frame of an MTU that is raised later. Behind less than two frames of MTU 65535 TCP kept 30 % of its rate.
 */
function wholePackets(rate: number, mtu: number): Leaf {
  const limitBytes = Math.max(gsoBytes, 3 * frameBytes(mtu), Math.floor(rate * shapeBurstSeconds));
  return { kind: "bfifo", limitBytes: Math.min(limitBytes, longestQueue) };
}

/**
 * Behind a rule's policer, which any burst may be given. A burst that holds a GSO packet needs no queue: what conforms is sent
 * at once. Behind a shorter one TCP kept 4 of 20 Mbit/s and 20 of 100 with a queue of one packet, nearly all with room for a
 * whole GSO packet.
 */
export function policeLeaf(burst: number): Leaf {
  return burst >= gsoBytes ? noQueue : { kind: "bfifo", limitBytes: gsoBytes };
}

/** A shaper without a queue drops what a policer drops; one packet must fit, for HTB takes packets from its leaf. */
export const noQueue: Leaf = { kind: "pfifo", limitPackets: 1 };

/** Queues that drop every full packet of an MTU, for ever: a TBF whose bucket is shorter, as 0.1.0 planned it for another MTU. */
export function tooShortFor(mtu: number, programs: readonly Program[]): readonly string[] {
  return objectsOf(programs, "tc").flatMap((object) =>
    object.kind === "leaf" && object.queue.kind === "tbf" && object.queue.burst < frameBytes(mtu)
      ? [
          `${describeTc(object)} drops what is longer than ${object.queue.burst} bytes, and the MTU is ${mtu} now`,
        ]
      : [],
  );
}
