/**
 * From a cap in bits to what HTB and act_police take: bytes per second, and buckets in bytes. Pure.
 * The figures behind the constants were measured; ARCHITECTURE.md tells how.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import type { Discipline } from "../cni/conf.ts";
import type { Cap } from "../policy/cap/cap.ts";
import { gsoBytes } from "../policy/cap/caps.ts";

const ethernetHeader = 14;
export const shapeBurstSeconds = 0.01;
/** TCP keeps a quarter of its rate under a policer with 40 ms, nearly all of it with 200 ms. */
const policeBurstSeconds = 0.2;

/** Buckets are kept as a time, 32 bits of 64 ns, and told to tc as 32 bits of bytes. */
const longestBurstSeconds = (2 ** 32 - 1) * 64e-9;
const largestBurst = 2 ** 32 - 1;

/** HTB forgives debts of more than a minute: a packet that takes longer at this rate would be sent at a discount. */
export const longestDebtSeconds = 60;

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
