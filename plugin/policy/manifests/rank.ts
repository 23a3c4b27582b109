/** The order in which NetworkQoS objects of a namespace are tried: by falling priority, then by name. Pure. */
import type { NetworkQosHead } from "./manifest.ts";

type Ranked = Pick<NetworkQosHead, "priority" | "name">;

export function byRank(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : 1);
}
