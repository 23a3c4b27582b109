import { setTimeout as sleep } from "node:timers/promises";
import type { Namespace } from "./process.ts";
import { measure, type Load, type Measurement } from "./traffic.ts";

/**
 * How fast a cap lets bytes onto the wire. Two figures, one from each side:
 *
 * `countedBitsPerSecond` is what the plugin's own HTB counted. A qdisc counts as the wire would carry it: a GSO packet
 * with the headers of every segment it will become (qdisc_pkt_len), Ethernet header included, acknowledgements too.
 * The counters of a veth do not: they see one header per GSO packet, 4 % less than the wire at MTU 1500. Where a policer
 * stands in for the shaper there is no such qdisc, and the figure is undefined.
 *
 * `receivedBitsPerSecond` does not take the accused's word: payload that arrived at the receiver, second by second on
 * the receiver's clock, with the headers of full-sized segments put back.
 */
export interface CapReading {
  readonly countedBitsPerSecond: number | undefined;
  readonly receivedBitsPerSecond: number;
  /** The receiver's first second, as payload. */
  readonly firstSecond: number;
  /** Payload over all seconds but the first. */
  readonly goodput: number;
  readonly measurement: Measurement;
}

/** Where the plugin put an HTB, if it did. */
export interface Shaper {
  readonly ns: Namespace;
  readonly device: string;
}

/** Loads the cap for two seconds longer than it watches it, so that neither start nor end is in the picture. */
export const readCap = async (
  load: Omit<Load, "seconds">,
  shaper: Shaper | undefined,
  { mtu, seconds = 5 }: { readonly mtu: number; readonly seconds?: number },
): Promise<CapReading> => {
  const running = measure({ ...load, seconds: seconds + 2 });
  const counted = shaper === undefined ? undefined : countBetween(shaper, seconds);
  const [measurement, countedBitsPerSecond] = await Promise.all([running, counted]);
  const { perSecond } = measurement;
  const goodput = mean(perSecond.slice(1, 1 + seconds));
  return {
    countedBitsPerSecond,
    receivedBitsPerSecond: goodput * headerFactor(mtu, load.address),
    firstSecond: perSecond[0] ?? Number.NaN,
    goodput,
    measurement,
  };
};

/** From payload to what the wire carries: Ethernet, IP and TCP with timestamps around every full segment. */
export const headerFactor = (mtu: number, address: string): number => {
  const headers = (address.includes(":") ? 40 : 20) + 32;
  return (mtu + 14) / (mtu - headers);
};

/** Finds the HTB of pod-qos among the devices of a namespace. */
export const findShapers = async (ns: Namespace): Promise<readonly Shaper[]> => {
  const { stdout } = await ns.exec("tc", ["-j", "qdisc", "show"]);
  const rows = JSON.parse(stdout) as readonly { kind: string; handle: string; dev: string }[];
  return rows
    .filter(({ kind, handle }) => kind === "htb" && handle === "905:")
    .map(({ dev }) => ({ ns, device: dev }));
};

const countBetween = async (shaper: Shaper, seconds: number): Promise<number> => {
  const idle = await sample(shaper);
  for (let tries = 0; (await sample(shaper)).bytes - idle.bytes < 20_000; tries += 1) {
    if (tries === 200) throw new Error(`nothing passes the shaper of ${shaper.device}`);
    await sleep(50);
  }
  await sleep(500);
  const from = await sample(shaper);
  await sleep(seconds * 1000);
  const to = await sample(shaper);
  return ((to.bytes - from.bytes) * 8) / (to.at - from.at);
};

interface Sample {
  /** Seconds. */
  readonly at: number;
  readonly bytes: number;
}

/** The clock is read on both sides of the counter, so that a slow machine does not date it wrongly. */
const sample = async ({ ns, device }: Shaper): Promise<Sample> => {
  const script = 'date +%s.%N; tc -s qdisc show dev "$1" root; date +%s.%N';
  const { stdout } = await ns.exec("sh", ["-ec", script, "sh", device]);
  const lines = stdout.split("\n");
  const bytes = Number(/Sent (\d+) bytes/.exec(stdout)?.[1]);
  return { at: (Number(lines[0]) + Number(lines.at(-1))) / 2, bytes };
};

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
