/** Seed 000's functional test, scaled to seconds: bulk borrows an idle link, yields to users, and climbs back. */
import { afterAll, beforeAll, test } from "vitest";
import { highestRate, startMeter } from "../lab/traffic/meter.ts";
import { suite } from "../lab/node/needs.ts";
import { long } from "../lab/measure/repetitions.ts";
import { measure, type Load } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const link = 200e6;
/** What TCP makes of a rate that counts whole frames of 1514 bytes. The header of IPv6 is 20 bytes longer. */
const [payload, payload6] = [1448 / 1514, 1428 / 1514];

/** Seconds: bulk alone, then beside a user, of all. The runbook's own lengths take their time. */
const lengths = long ? { lead: 5, together: 40, all: 60 } : { lead: 3, together: 5, all: 12 };

type Flood = Omit<Partial<Load>, "address"> & { readonly address: "server4" | "server6" };
const many = { streams: 8 } as const;
const udpFlood = { address: "server4", udp: true, bitrate: "300M", segment: 1400 } as const;

suite("an uplink's classes under load", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  let user: UplinkPod;
  let bulk: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    user = await addedUplinkPod(site, { name: "user" });
    bulk = await addedUplinkPod(site, { name: "bulk", labels: bulkLabel });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const load = ({ pod }: UplinkPod, seconds: number, more: Partial<Load> = {}): Load => ({
    from: pod,
    to: site.server,
    address: site.server4,
    seconds,
    ...(more.udp === true ? {} : { congestion: "cubic" }),
    ...more,
  });
  const sentBy = async (classid: string): Promise<number> => {
    const { stdout } = await site.node.exec("tc", ["-s", "class", "show", "dev", "eth0"]);
    return Number(new RegExp(`^class htb ${classid} .*\\n Sent (\\d+) bytes`, "m").exec(stdout)?.[1]);
  };

  test.each([
    ["server4", 0.93],
    // As much on the wire.
    ["server6", (0.93 * payload6) / payload],
  ] as const)(
    "000-2 000-3 000-11 000-12 000-13 000-14 bulk borrows, yields and climbs back: %s",
    async (server, full) => {
      const { lead, together, all } = lengths;
      await twice(`bulk ${all} s, user ${together} s of them`, async () => {
        const address = site[server];
        const before = { user: await sentBy("1:10"), bulk: await sentBy("1:20") };
        const bulkLoad = measure(load(bulk, all, { address }));
        await pause(lead * 1000);
        const userLoad = await measure(load(user, together, { address }));
        const { perSecond } = await bulkLoad;
        const after = { user: await sentBy("1:10"), bulk: await sentBy("1:20") };
        const [ofUser, ofBulk] = [after.user - before.user, after.bulk - before.bulk];
        return [
          ...within("1:10 of what the user sent", ofUser / ((together * 100e6) / 8), 1, Infinity),
          ...within("1:20 of what bulk sent", ofBulk / (((all - together) * 100e6) / 8), 1, Infinity),
          ...within("bulk alone", mean(perSecond.slice(1, lead)) / link, full, 1),
          ...within("user beside bulk", mean(userLoad.perSecond.slice(1)) / 140e6, 1, 1.15),
          ...within(
            "bulk beside user",
            mean(perSecond.slice(lead + 2, lead + together - 1)) / 50e6,
            0.9,
            1.1,
          ),
          // Within 2 s of the stop, which is a moment later than this: the user's load began after the pause.
          ...within("bulk after the user", mean(perSecond.slice(lead + together + 2)) / link, full, 1),
        ];
      });
    },
  );

  test("000-18 what comes in is not shaped: a pod of 50M sure downloads at more than the whole link's rate", async () => {
    await twice("a download", async () => {
      const { bitsPerSecond } = await measure(load(bulk, 2, { reverse: true }));
      return within("of the link", bitsPerSecond / link, 1.2, Infinity);
    });
  });

  test("000-15 bulk that floods with UDP leaves the user's TCP its share", async () => {
    await twice("500M of UDP", async () => {
      const flood = measure(load(bulk, 8, { udp: true, bitrate: "500M", segment: 1400 }));
      await pause(1500);
      const { perSecond } = await measure(load(user, 5));
      await flood;
      return within("user beside a flood", mean(perSecond.slice(1)) / (150e6 * payload), 0.9, 1.05);
    });
  });

  test.each([
    ["user TCP over IPv6, bulk UDP", { address: "server6", ...many }, udpFlood],
    ["user UDP, bulk TCP", udpFlood, { address: "server4", ...many }],
  ] as const)(
    "000-15 the sum stays within the link over any 5 s when both classes flood: %s",
    async (_, ofUser, ofBulk) => {
      const flood = (pod: UplinkPod, { address, ...more }: Flood): ReturnType<typeof measure> =>
        measure(load(pod, 7, { address: site[address], ...more }));
      // Each segment is a packet to who receives, with headers of its own.
      await site.node.exec("ip", ["link", "set", "dev", "eth0", "gso_max_segs", "1"]);
      await twice("both flood", async () => {
        const sent = startMeter({ ns: site.node, device: "eth0" }, 14);
        const received = startMeter({ ns: site.server, device: "wan0", what: "received" }, 14);
        await Promise.all([flood(user, ofUser), flood(bulk, ofBulk)]);
        return [
          ...within("the most of 5 s that was sent", highestRate(await sent.stop(), 5) / link, 0.9, 1.02),
          ...within("that came in", highestRate(await received.stop(), 5) / link, 0.9, 1.02),
        ];
      });
      await site.node.exec("ip", ["link", "set", "dev", "eth0", "gso_max_segs", "65535"]);
    },
  );
});

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
