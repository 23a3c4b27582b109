/** A rule's `police` limit from both sides: what conforms to it is untouched, what exceeds it is held, at the rate and without delay. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientBehind } from "../lab/traffic/behind.ts";
import { headerFactor } from "../lab/traffic/cap-reading.ts";
import { queues, type PingTimes } from "../lab/node/counters.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import type { Namespace } from "../lab/node/process.ts";
import { long } from "../lab/measure/repetitions.ts";
import { podWith, type RuledPod } from "../lab/plugin/ruled-pod.ts";
import { listen, send, senderNeeds, type Pace, type Sent } from "../lab/traffic/sender.ts";
import { measure, ping, type Measurement } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

let node: LabNode;
const measured: string[] = [];
beforeAll(async () => {
  node = await createNode();
  await node.exec("ip", ["address", "add", `${ADDRESS}/32`, "dev", "lo"]);
  listen(node, ADDRESS);
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  console.log(["measured:", ...measured].join("\n"));
});

const ADDRESS = "192.0.2.7";

/** A pod with one limited rule, or without, and a client that it forwards for. */
type Site = RuledPod & { readonly sources: Readonly<Record<Source, Namespace>> };
type Source = (typeof sources)[number];
const sources = ["the pod itself", "what it forwards"] as const;

const siteWith = async (bandwidth: object | undefined): Promise<Site> => {
  const rules = bandwidth === undefined ? [] : [{ bandwidth }];
  const ruled = await podWith(node, { annotations: { "pod-qos/egress": JSON.stringify(rules) } });
  const client = await clientBehind(node, ruled.pod, ruled.wire);
  return {
    ...ruled,
    sources: { "the pod itself": ruled.pod, "what it forwards": client },
    end: async () => {
      await node.exec("ip", ["route", "del", "203.0.113.0/30"]);
      await ruled.end();
    },
  };
};

const drops = async ({ pod }: Site): Promise<number> =>
  (await queues(pod, "eth0")).reduce((sum, queue) => sum + queue.drops, 0);

const usual: readonly Pace[] = [
  { kind: "tcp", bytes: 65_536, everyMs: 100, count: 10 },
  { kind: "tcp", bytes: 16_384, everyMs: 20, count: 40 },
  { kind: "udp", bytes: 1400, segments: 40, everyMs: 100, count: 10 },
  { kind: "datagrams", bytes: 1400, segments: 40, everyMs: 100, count: 10 },
];
const slow: readonly Pace[] = [{ kind: "tcp", bytes: 32_768, everyMs: 100, count: 10 }];
const conforming = paced(
  "conforming senders under",
  [
    { limit: "5 Mbit/s", rate: 5_000, paces: slow },
    { limit: "8 Mbit/s", rate: 8_000, paces: usual },
    { limit: "20 Mbit/s", rate: 20_000, paces: usual },
    ...(long ? [{ limit: "50 Mbit/s", rate: 50_000, paces: usual }] : []),
    { limit: "112 Mbit/s", rate: 112_000, paces: usual },
    { limit: "200 Mbit/s", rate: 200_000, paces: usual },
  ],
  3,
);

let free: readonly Row[] | undefined;

suite("what conforms to a rule's police limit is untouched", senderNeeds, () => {
  test.each(conforming)("under $limit", async ({ limit, rate, paces }) => {
    let first = true;
    await twice(limit, async () => {
      // Once for all limits, and anew where one of them misses.
      free = first
        ? (free ?? (await inTurn(undefined, [...usual, ...slow])))
        : await inTurn(undefined, paces);
      first = false;
      const limited = await inTurn({ rate }, paces);
      return limited.flatMap((row) =>
        complaintsOf(
          row,
          free?.find(({ what }) => what === row.what),
        ),
      );
    });
  });
});

type Row = { readonly what: string; readonly pace: Pace; readonly sent: Sent; readonly dropped: number };

const inTurn = async (bandwidth: object | undefined, paces: readonly Pace[]): Promise<readonly Row[]> => {
  const site = await siteWith(bandwidth);
  const rows: Row[] = [];
  for (const source of sources) {
    for (const pace of paces) {
      const before = await drops(site);
      const sent = await send(site.sources[source], ADDRESS, pace);
      const what = `${source}, ${pace.kind} ${pace.segments ?? 1} × ${pace.bytes} each ${pace.everyMs} ms`;
      rows.push({ what, pace, sent, dropped: (await drops(site)) - before });
      measured.push(
        `${JSON.stringify(bandwidth)} ${what}: p50 ${sent.p50}, dropped ${rows.at(-1)?.dropped}, resent ${sent.resent}`,
      );
    }
  }
  await site.end();
  return rows;
};

const complaintsOf = ({ what, pace, sent, dropped }: Row, unlimited: Row | undefined): readonly string[] => [
  ...within(`${what}: packets that its limit dropped`, dropped, 0, 0),
  ...within(
    `${what}: messages or datagrams that arrived`,
    sent.arrived,
    pace.count * (pace.segments ?? 1),
    Infinity,
  ),
  // A machine that stalls makes TCP send a last segment again though nothing was lost.
  ...within(`${what}: segments resent`, sent.resent / sent.segments, 0, 0.01),
  // Forty sends are forty chances for another tenant of the machine; that none was lost is what they are there for.
  ...(pace.kind === "datagrams"
    ? []
    : within(`${what}: p50 above that of no limit`, sent.p50 - (unlimited?.sent.p50 ?? NaN), -Infinity, 2)),
];

/**
 * The pod's own TCP hears of a drop before the segment counts as sent. Whom it forwards for does not: of what such a sender has
 * under way when the bucket is empty, up to one GSO packet and more is lost each time.
 */
const RESENT: Readonly<Record<Source, number>> = { "the pod itself": 0.02, "what it forwards": 0.2 };

const saturated = [
  { limit: "20 Mbit/s", bandwidth: { rate: 20_000 }, least: 0.9, isQuick: true },
  { limit: "100 Mbit/s", bandwidth: { rate: 100_000 }, least: 0.9, isQuick: true },
  {
    limit: "20 Mbit/s with a burst of 5 ms",
    bandwidth: { rate: 20_000, burst: 100 },
    least: 0.9,
    isQuick: false,
  },
  ...(long
    ? [
        {
          limit: "100 Mbit/s with a burst of 5 ms",
          bandwidth: { rate: 100_000, burst: 500 },
          least: 0.9,
          isQuick: false,
        },
      ]
    : []),
  {
    limit: "20 Mbit/s with a burst of one packet",
    bandwidth: { rate: 20_000, burst: 13 },
    least: 0.75,
    isQuick: false,
  },
] as const;
const streams = paced(
  "TCP of",
  sources.flatMap((source) => saturated.map((row) => ({ source, ...row }))),
  3,
);
const datagrams = paced(
  "UDP of",
  streams.filter(({ limit }) => /^20 Mbit.s($| .*packet)/.test(limit)),
  2,
);

suite("what exceeds a rule's police limit is held", { ...senderNeeds, tools: ["iperf3", "ping"] }, () => {
  test.each(streams)("$source under $limit: TCP", async ({ source, limit, bandwidth, least, isQuick }) => {
    const cap = bandwidth.rate * 1000;
    await twice(`${source}, ${limit}`, async () => {
      const alone = await pingAlone(source, isQuick);
      const site = await siteWith(bandwidth);
      const [load, beside] = await loaded(site.sources[source], {});
      await site.end();
      const wire = (steady(load) * headerFactor(1500, ADDRESS)) / cap;
      const resent = load.retransmits / (load.sentBytes / 1448);
      measured.push(
        `${source}, ${limit}: TCP ${(steady(load) / 1e6).toFixed(2)}, resent ${(resent * 100).toFixed(2)} %, ping p50 ${beside.p50} p99 ${beside.p99} lost ${beside.lost}, free ${alone?.p50 ?? "-"}`,
      );
      return [
        ...within("the wire", wire, 0, 1.02),
        ...within("goodput", steady(load) / cap, least, 1),
        ...within("segments resent", resent, 0, RESENT[source]),
        ...(isQuick
          ? within("ping's p50 above that of no limit", beside.p50 - (alone?.p50 ?? NaN), -Infinity, 2)
          : []),
      ];
    });
  });

  test.each(datagrams)("$source under $limit: UDP", async ({ source, limit, bandwidth }) => {
    const wireUnder = async (site: Site): Promise<number> => {
      // As fast as it can: while a paced sender sleeps, a bucket of one packet is full and what it could have let pass is lost.
      const [load] = await loaded(site.sources[source], { udp: true, bitrate: "0", segment: 1400 });
      await site.end();
      return (steady(load) * (1400 + 42)) / 1400 / (bandwidth.rate * 1000);
    };
    await twice(`${source}, ${limit}, UDP`, async () => {
      const wire = await wireUnder(await siteWith(bandwidth));
      const isShort = wire < 0.98 && "burst" in bandwidth;
      const bare = isShort ? await wireUnder(await siteWithBareClass(bandwidth)) : 1;
      measured.push(
        `${source}, ${limit}: UDP ${wire.toFixed(3)} of the limit${isShort ? `, a bare class ${bare.toFixed(3)}` : ""}`,
      );
      return [
        ...within("the wire", wire, 0, 1.02),
        ...within("the wire by that of a bare class", wire / Math.min(1, bare), 0.98, Infinity),
      ];
    });
  });
});

/**
 * What the kernel itself makes of such a bucket. After each packet of 1442 bytes 73 µs remain for its timer before a bucket of 1625
 * bytes is full: on a machine whose timers are later than that, no limit reaches its rate.
 */
const siteWithBareClass = async ({
  rate,
  burst,
}: {
  readonly rate: number;
  readonly burst: number;
}): Promise<Site> => {
  const site = await siteWith(undefined);
  await site.pod.exec("sh", ["-ec", BARE_CLASS, "sh", `${rate}kbit`, String((burst * 1000) / 8)]);
  return site;
};

const BARE_CLASS = `
tc qdisc add dev eth0 root handle 1: htb default 1
tc class add dev eth0 parent 1: classid 1:1 htb rate "$1" burst "$2" cburst "$2"
tc qdisc add dev eth0 parent 1:1 bfifo limit 65535
`;

const loaded = async (from: Namespace, how: object) => {
  const load = measure({ from, to: node, address: ADDRESS, seconds: 5, congestion: "cubic", ...how });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const beside = ping({ from, address: ADDRESS, count: 100, intervalMs: 20 });
  return Promise.all([load, beside]);
};

/** Without a limit and a load, where that is what counts. */
const pingAlone = async (source: Source, isQuick: boolean): Promise<PingTimes | undefined> => {
  if (!isQuick) return undefined;
  const unlimited = await siteWith(undefined);
  const from = unlimited.sources[source];
  const alone = await ping({ from, address: ADDRESS, count: 50, intervalMs: 20 });
  await unlimited.end();
  return alone;
};

/** From the second second on: the bucket is full at the start. */
const steady = ({ perSecond }: Measurement): number => {
  const seconds = perSecond.slice(1);
  expect(seconds.length).toBeGreaterThan(2);
  return seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
};
