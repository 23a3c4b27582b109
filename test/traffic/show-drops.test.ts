/** What `pod-qos show` says was dropped, against what did not arrive: whatever drops counts, wherever it stands. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import { onAnyKernel, paced } from "../lab/traffic/pace.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import type { Pod } from "../lab/node/pod.ts";
import { measure, type Load } from "../lab/traffic/traffic.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplink200,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

interface Shown {
  readonly attachments: readonly { readonly pod: string; readonly dropped: number }[];
  readonly uplinks: readonly {
    readonly classes: readonly { readonly name: string; readonly dropped: number }[];
  }[];
}

type Row = readonly [what: string, annotations: Readonly<Record<string, string>>, load: Partial<Load>];

const [most, segment] = ["5M", 1000];
/** Of UDP alone: the control connection of the load is not to lose packets as well. */
const limit = (discipline: string): string =>
  JSON.stringify([{ bandwidth: { rate: 5000, discipline }, classifier: { ports: [{ protocol: "UDP" }] } }]);

suite("what show says was dropped", { plugin: true, tools: ["ipset", "iperf3", "socat"] }, () => {
  let site: UplinkSite;
  beforeAll(async () => {
    site = await openUplinkSite();
    await site.server.exec("sh", ["-ec", COUNTER]);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const shown = async (): Promise<Shown> =>
    (await callPlugin(site.node, { argv: ["show", "--json"] })).json as Shown;
  const droppedBy = async (name: string): Promise<number | undefined> =>
    (await shown()).attachments.find(({ pod }) => pod === `prod/${name}`)?.dropped;
  const droppedByClass = async (): Promise<readonly number[]> =>
    (await shown()).uplinks[0]?.classes.map(({ dropped }) => dropped) ?? [];
  /** Packets that were sent and did not arrive, also not after the load's end, when a queue still has some. */
  const lost = async (
    pod: Pod,
    mbits: number,
    { streams = 1, ...load }: Partial<Load> = {},
  ): Promise<number> => {
    const to = load.reverse === true ? pod : site.server;
    const before = await countedIn(to);
    const ends = { from: pod, to: site.server, address: site.server4 };
    const bitrate = `${(mbits * 1000) / streams}k`;
    const sent = await measure({ ...ends, seconds: 2, udp: true, segment, bitrate, streams, ...load });
    return sent.sentBytes / segment - (await allCountedIn(to)) + before;
  };
  /** One sender that its own queue holds back loses nothing: it waits. */
  const many = { streams: 8 };

  const rows: readonly Row[] = [
    ["a rule's limit that polices", { "pod-qos/egress": limit("police") }, {}],
    ["a rule's limit that shapes", { "pod-qos/egress": limit("shape") }, many],
    [
      "a cap that polices what is sent",
      { "pod-qos/egress-bandwidth": most, "pod-qos/discipline": "police" },
      {},
    ],
    ["a cap that shapes what is sent", { "pod-qos/egress-bandwidth": most }, many],
    [
      "a cap that polices what is received",
      { "pod-qos/ingress-bandwidth": most, "pod-qos/discipline": "police" },
      { reverse: true },
    ],
    ["a cap that shapes what is received", { "pod-qos/ingress-bandwidth": most }, { reverse: true, ...many }],
  ];
  // Where fq_codel and act_police drop, as only a stock kernel has them.
  const chosen = paced("what show says of", rows, 0, ([what]) => / cap that .* what is sent$/.test(what));
  test.each(chosen)("is what did not pass %s, and nothing of what keeps it", async (_, annotations, load) => {
    const { pod, call } = await addedUplinkPod(site, { annotations });
    await pod.exec("sh", ["-ec", COUNTER]);
    await lost(pod, 1, load);
    expect(await droppedBy(pod.name)).toBe(0);
    const missing = await lost(pod, 20, load);
    expect(missing).toBeGreaterThan(100);
    const dropped = await droppedBy(pod.name);
    expect(dropped).toBeGreaterThan(missing * 0.98);
    expect(dropped).toBeLessThan(missing * 1.02);
    const one = await callPlugin(site.node, { argv: ["show", pod.name, "--json"] });
    expect(one.json).toMatchObject([{ counters: { dropped } }]);
    expect((await call("DEL")).exitCode).toBe(0);
    await pod.remove();
  });

  onAnyKernel(
    "is what did not pass of packets that are cut into segments, by a queue that 0.1.0 made",
    async () => {
      const { pod, call } = await addedUplinkPod(site, { annotations: { "pod-qos/egress": limit("shape") } });
      await pod.exec("sh", ["-ec", TBF]);
      const before = await arrived(site.server);
      await pod.exec("sh", ["-ec", BLASTS, "sh", site.server4]);
      const missing = blasts * segments - (await arrived(site.server)) + before;
      expect(missing).toBeGreaterThan(blasts * 5);
      const dropped = await droppedBy(pod.name);
      expect(dropped).toBeGreaterThanOrEqual(missing * 0.98);
      expect(dropped).toBeLessThanOrEqual(missing * 1.02);
      expect((await call("DEL")).exitCode).toBe(0);
      await pod.remove();
    },
  );

  test("of a class is what did not pass its ceiling, and of the other class nothing", async () => {
    const { default: first, "bulk-seed": bulk } = uplink200.classes;
    const narrow = { ...bulk, rate: "3M", ceil: most };
    const uplink = { ...uplink200, classes: { default: first, "bulk-seed": narrow } };
    const { pod } = await addedUplinkPod(site, { labels: bulkLabel, uplink });
    // Not 0 in a second try: the classes are the node's.
    const before = await droppedByClass();
    const missing = await lost(pod, 20, many);
    expect(missing).toBeGreaterThan(100);
    const after = await droppedByClass();
    const [ofDefault, ofBulk] = after.map((dropped, at) => dropped - (before[at] ?? Number.NaN));
    expect(ofDefault).toBe(0);
    expect(ofBulk).toBeGreaterThan(missing * 0.98);
    expect(ofBulk).toBeLessThan(missing * 1.02);
  });
});

/** Not what iperf3 has read: it stops before a queue is empty. */
const COUNTER = "iptables -w -t mangle -I PREROUTING -p udp";

const countedIn = async (machine: Pod): Promise<number> => {
  const { stdout } = await machine.exec("iptables", ["-w", "-t", "mangle", "-nvxL", "PREROUTING", "1"]);
  return Number(/^\s*(\d+)/.exec(stdout)?.[1]);
};

/** Once no more come: the longest queue here is empty after two seconds. */
const allCountedIn = async (machine: Pod): Promise<number> => {
  for (let before = -1, tries = 0; tries < 30; tries += 1) {
    const counted = await countedIn(machine);
    if (counted === before) return counted;
    before = counted;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error("packets still arrive 9 s after the load");
};

/** Behind the class of the first rule with a limit. */
const TBF = `
tc qdisc del dev eth0 parent 905:10
tc qdisc add dev eth0 parent 905:10 handle 910: tbf rate 100gbit burst 1770 limit 28320
`;

const [blasts, segments] = [20, 40];
/** One UDP packet each, which the kernel cuts as late as it can (UDP_SEGMENT), to a port that nobody listens on. */
const BLASTS = `
for blast in $(seq ${blasts}); do
  head -c ${segments * segment} /dev/zero | socat -b ${segments * segment} -u - UDP4-SENDTO:$1:9,setsockopt=17:103:i${segment}
  sleep 0.2
done
`;

const arrived = async (machine: Pod): Promise<number> => {
  const { stdout } = await machine.exec("cat", ["/proc/net/snmp"]);
  return Number(/^Udp: \d+ (\d+) /m.exec(stdout)?.[1]);
};
