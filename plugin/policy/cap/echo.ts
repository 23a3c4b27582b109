/**
 * The `kubernetes.io` pair and the capability `bandwidth` that repeats it. Pure. A runtime reads the pair when the pod's sandbox is
 * made and sends it as the capability too; multus sends what the pod asked for in one network. The first goes where the pair
 * goes, the second is a request of its own.
 */
import type { Annotations, Request, RuntimeCap } from "../../cni/request.ts";
import { isSentinelBurst, type Direction } from "./caps.ts";
import { parseBandwidth } from "./quantity.ts";

export function isEcho(direction: Direction, { call, runtime }: Request): boolean {
  const { rate, burst } = runtime[direction];
  if (!runtime.gaveAnnotations) return isFirstInterface(call.ifname) && isSentinelBurst(burst);
  const asksForNone = burst === undefined || burst === null || burst === 0 || isSentinelBurst(burst);
  return asksForNone && rate !== undefined && rate === pairRate(direction, runtime.annotations);
}

export const noCap: RuntimeCap = { rate: undefined, burst: undefined };

/** The pair speaks of this one alone. */
export function isFirstInterface(ifname: string): boolean {
  return ifname === "eth0";
}

export function withoutPair(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !isPair.test(key)));
}

const isPair = /^kubernetes\.io\/(?:in|e)gress-bandwidth$/;

/** undefined where there is none, or none that can be. */
function pairRate(direction: Direction, annotations: Annotations): number | undefined {
  const text = annotations[`kubernetes.io/${direction}-bandwidth`];
  try {
    return text === undefined ? undefined : parseBandwidth("", text);
  } catch {
    return undefined;
  }
}
