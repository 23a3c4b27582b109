import { rateBetween, startMeter, type Metered } from "./meter.ts";
import type { Namespace } from "../node/process.ts";
import { measure, type Load, type Measurement } from "./traffic.ts";

/**
 * How fast a cap lets bytes onto the wire, in bits per second. Two figures, one from each side:
 *
 * `counted` is what the plugin's own HTB counted. A qdisc counts as a wire would carry it: each segment of a GSO packet
 * with its Ethernet, IP and TCP headers, acknowledgements too. The counters of a veth see one header per GSO packet, 4 %
 * less at MTU 1500. Undefined where a policer, which counts like the veth, stands in for the HTB.
 *
 * `received` does not take the accused's word: payload that came in at the receiver, by the receiver's clock, with the
 * headers of full-sized segments put back.
 */
export interface CapReading {
  readonly counted: number | undefined;
  readonly received: number;
  /** Payload at the receiver: over the whole load, and in its first second. */
  readonly goodput: number;
  readonly firstSecond: number;
  readonly measurement: Measurement;
}

/** Loads the cap for two seconds longer than the counter is watched, so that neither start nor end is in the picture. */
export const readCap = async (
  load: Omit<Load, "seconds">,
  shaper: Metered | undefined,
  { mtu, seconds = 5 }: { readonly mtu: number; readonly seconds?: number },
): Promise<CapReading> => {
  const meter = shaper === undefined ? undefined : startMeter(shaper, seconds + 30);
  const measurement = await measure({ ...load, congestion: "cubic", seconds: seconds + 2 });
  const samples = await meter?.stop();
  return {
    counted: samples === undefined ? undefined : rateBetween(samples, seconds),
    received: measurement.bitsPerSecond * headerFactor(mtu, load.address),
    goodput: measurement.bitsPerSecond,
    firstSecond: measurement.perSecond[0] ?? Number.NaN,
    measurement,
  };
};

/** From payload to what the wire carries: Ethernet, IP and TCP with timestamps around every full segment. */
export const headerFactor = (mtu: number, address: string): number => {
  const headers = (address.includes(":") ? 40 : 20) + 32;
  return (mtu + 14) / (mtu - headers);
};

/** The HTBs of pod-qos among the devices of some namespaces. */
export const findShapers = async (...namespaces: readonly Namespace[]): Promise<readonly Metered[]> => {
  const found = await Promise.all(
    namespaces.map(async (ns) => {
      const { stdout } = await ns.exec("tc", ["-j", "qdisc", "show"]);
      const rows = JSON.parse(stdout) as readonly { kind: string; handle: string; dev: string }[];
      return rows
        .filter(({ kind, handle }) => kind === "htb" && handle === "905:")
        .map(({ dev }) => ({ ns, device: dev }));
    }),
  );
  return found.flat();
};
