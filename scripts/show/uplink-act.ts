/** The second act: a user and a bulk pod share a node's uplink, second by second. */
import { measure } from "../../test/lab/traffic/traffic.ts";
import {
  addedUplinkPod,
  openUplinkSite,
  type UplinkPod,
  type UplinkSite,
} from "../../test/lab/uplink/uplink.ts";
import { paint, wrap } from "./paint.ts";
import { shareHead, shareLine, type Share } from "./share-bars.ts";

/** Mbit/s: the link, and what is guaranteed to each class. */
export const LINK = { rate: 100, user: 75, bulk: 25 } as const;

/** Seconds: bulk alone, beside a user, alone again. */
const ACT = { alone: 4, beside: 5, after: 4 } as const;
const LENGTH = ACT.alone + ACT.beside + ACT.after;

export interface Timeline {
  readonly shares: readonly Share[];
  /** The seconds, from 0, in which the user sends. */
  readonly userFrom: number;
  readonly userTo: number;
}

export const playUplink = async (): Promise<Timeline> => {
  const site = await openUplinkSite();
  await using _ = site.node;
  const bulk = await addedUplinkPod(site, {
    name: "seeder",
    uplink: UPLINK,
    annotations: { "pod-qos/class": "bulk-seed" },
  });
  const user = await addedUplinkPod(site, { name: "web", uplink: UPLINK });
  console.log(
    wrap(
      `An uplink of ${LINK.rate}M: ${LINK.user}M of it are guaranteed to the default class, ${LINK.bulk}M to bulk-seed, and either may ` +
        `have all that is idle. Both pods send as fast as they can, the user from second ${ACT.alone + 1} to ${ACT.alone + ACT.beside}.`,
    ),
  );
  const shares = await watch(site, user, bulk);
  const { stdout } = await site.node.exec("tc", ["class", "show", "dev", "eth0"]);
  console.log(wrap("what the runbook tells to look at, tc class show dev eth0:"));
  for (const line of stdout.split("\n").toSorted()) console.log(paint("dim", `    ${line.slice(0, 76)}`));
  return { shares, userFrom: ACT.alone, userTo: ACT.alone + ACT.beside };
};

const UPLINK = {
  device: "eth0",
  rate: `${LINK.rate}M`,
  default: "default",
  classes: {
    default: { rate: `${LINK.user}M` },
    "bulk-seed": { rate: `${LINK.bulk}M`, set: "bulkseed-pods" },
  },
};

const watch = async (site: UplinkSite, user: UplinkPod, bulk: UplinkPod): Promise<readonly Share[]> => {
  const load = ({ pod }: UplinkPod, seconds: number) =>
    measure({ from: pod, to: site.server, address: site.server4, seconds, congestion: "cubic" });
  const loads: Promise<unknown>[] = [load(bulk, LENGTH + 1)];
  // Whoever waits for them below learns of a failure; until then it must not end the demo.
  loads[0]?.catch(() => undefined);
  console.log(shareHead(LINK.rate));
  const shares: Share[] = [];
  let before = await begun(site);
  for (let second = 1; second <= LENGTH; second += 1) {
    if (second === ACT.alone + 1) {
      const beside = load(user, ACT.beside);
      beside.catch(() => undefined);
      loads.push(beside);
    }
    await sleep(before.at + 1000 - performance.now());
    const now = await counters(site);
    const mbit = (bytes: number): number => (bytes * 8) / ((now.at - before.at) * 1000);
    const share = { user: mbit(now.user - before.user), bulk: mbit(now.bulk - before.bulk) };
    console.log(shareLine(second, share, LINK.rate));
    shares.push(share);
    before = now;
  }
  await Promise.all(loads);
  return shares;
};

interface Counters {
  readonly at: number;
  readonly user: number;
  readonly bulk: number;
}

const counters = async ({ node }: UplinkSite): Promise<Counters> => {
  const { stdout } = await node.exec("tc", ["-s", "class", "show", "dev", "eth0"]);
  const sent = (classid: string): number =>
    Number(new RegExp(`^class htb ${classid} .*\\n Sent (\\d+)`, "m").exec(stdout)?.[1] ?? 0);
  return { at: performance.now(), user: sent("1:10"), bulk: sent("1:20") };
};

/** The first second is the one that begins with the first data, not with the hand-shake. */
const begun = async (site: UplinkSite): Promise<Counters> => {
  for (let tries = 0; tries < 1000; tries += 1) {
    const now = await counters(site);
    if (now.bulk > 20_000) return now;
    await sleep(10);
  }
  throw new Error("no traffic left by the uplink within ten seconds");
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
