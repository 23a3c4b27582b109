import type { Cap } from "../../../plugin/policy/cap/cap.ts";

/** A cap in bits, as if annotations had asked for it. */
export function capOf(rate: number, burst?: number): Cap {
  const burstSource = burst === undefined ? undefined : "annotation egress-burst";
  return { rate, burst, source: "annotation egress-bandwidth", burstSource };
}
