import type { CappedPod } from "../plugin/capped-pod.ts";
import type { PingTimes } from "../node/counters.ts";
import { measure, ping } from "./traffic.ts";

/** Ping in the direction of a saturating flow, once the flow has found its rate. */
export const pingBeside = async (
  { along }: Pick<CappedPod, "along">,
  bitrate?: string,
): Promise<PingTimes> => {
  const seconds = 10;
  const load = measure({
    ...along,
    seconds,
    congestion: "cubic",
    ...(bitrate === undefined ? {} : { bitrate }),
  });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const times = ping({ from: along.from, address: along.address, count: 300, intervalMs: 20 });
  const [result] = await Promise.all([times, load]);
  return result;
};
