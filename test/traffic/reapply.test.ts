/** What a sender below every limit meets while the pod is decided anew: nothing is lost, and no packet meets a third mark or class. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { figure } from "../lab/measure/figures.ts";
import { suite } from "../lab/node/needs.ts";
import { readFileSync } from "node:fs";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { measure } from "../lab/traffic/traffic.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const changes = 10;
const seconds = 12;

const selecting = (tier: string) => ({ podSelector: { matchLabels: { "traffic-tier": tier } } });
/** The pod is in the class that selects its label: which that is, the conf says. */
const classes = (bulk: string, gold: string) => ({
  device: "eth0",
  rate: "200M",
  default: "default",
  classes: {
    default: { rate: "100M" },
    bulk: { rate: "50M", ceil: "200M", set: "bulk-pods", ...selecting(bulk) },
    gold: { rate: "50M", ceil: "200M", set: "gold-pods", ...selecting(gold) },
  },
});
const tier = bulkLabel["traffic-tier"];
const inBulk = classes(tier, "other");
const limit = (rate: number) => [
  { dscp: 10, bandwidth: { rate }, classifier: { ports: [{ protocol: "UDP" }] } },
];
const cap = (rate: string) => ({ defaults: { egressBandwidth: rate, ingressBandwidth: rate, dscp: "EF" } });

/** Each with the marks that the old and the new have. */
const kinds = [
  ["cap", cap("20M"), cap("40M"), ["0x2e"]],
  ["mark", { defaults: { dscp: "EF" } }, { defaults: { dscp: "AF11" } }, ["0x2e", "0x0a"]],
  ["rule's limit", { egress: limit(20_000) }, { egress: limit(30_000) }, ["0x0a"]],
  ["class", { uplink: inBulk }, { uplink: classes("other", tier) }, ["0x00"]],
] as const;

suite("a pod decided anew under traffic", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  let agent: Agent;
  beforeAll(async () => {
    site = await openUplinkSite();
    agent = await startAgent(site.node);
  });
  afterAll(async () => {
    await agent.kill();
    await site.node[Symbol.asyncDispose]();
  });

  test.each(kinds)("loses nothing through ten changes of its %s", async (what, first, second, marks) => {
    const pod = await addedUplinkPod(site, { labels: bulkLabel, uplink: inBulk });
    const entry = entryOf(pod);
    await change(pod, { ...entry, ...first });
    await countDatagrams(pod, marks);
    const load = measure({
      from: pod.pod,
      to: site.server,
      address: site.server4,
      seconds,
      udp: true,
      bitrate: "800k",
      segment: 100,
    });
    await pause(1000);
    for (let time = 1; time <= changes; time += 1)
      await change(pod, { ...entry, ...(time % 2 === 1 ? second : first) });
    const { lostPackets, receivedBytes } = await load;
    expect(receivedBytes / 100).toBeGreaterThan(seconds * 900);
    figure(`lost of ${seconds * 1000} (${what})`, lostPackets, { atMost: 0 });
    const [classless, markless] = await counted();
    figure("in no class of the two", classless ?? Number.NaN, { atMost: 0 });
    figure("with neither mark", markless ?? Number.NaN, { atMost: 0 });
    await pod.call("DEL");
    await pod.pod.remove();
  });

  /** Until the record says that it is done. */
  const change = async ({ pod }: UplinkPod, conf: Readonly<Record<string, unknown>>): Promise<void> => {
    await writeConf(site.node, "10-podnet.conflist", conf, "podnet");
    const path = site.node.path(`/run/pod-qos/attachments/podnet/${pod.containerId}@eth0.json`);
    const wanted = JSON.stringify([conf["egress"], conf["uplink"], conf["defaults"]]);
    await until("the change", () => {
      const { asked, unfinished } = JSON.parse(readFileSync(path, "utf8")) as AttachmentRecord;
      const { egress, uplink, defaults } = asked?.conf ?? {};
      return unfinished === undefined && JSON.stringify([egress, uplink, defaults]) === wanted;
    });
  };

  /** Behind our own rules of the node, which have decided by then. */
  const countDatagrams = async ({ wire }: UplinkPod, marks: readonly string[]): Promise<void> => {
    const notMarked = marks.flatMap((mark) => ["-m", "dscp", "!", "--dscp", mark]).join(" ");
    await site.node.exec("sh", [
      "-ec",
      `iptables -t mangle -N COUNT 2>/dev/null || iptables -t mangle -F COUNT
      iptables -t mangle -C POSTROUTING -j COUNT 2>/dev/null || iptables -t mangle -A POSTROUTING -j COUNT
      udp="-s ${wire.pod4} -p udp"
      iptables -t mangle -A COUNT $udp -m set ! --match-set bulk-pods src -m set ! --match-set gold-pods src
      iptables -t mangle -A COUNT $udp ${notMarked}`,
    ]);
  };

  const counted = async (): Promise<readonly number[]> => {
    const { stdout } = await site.node.exec("iptables", ["-t", "mangle", "-nvxL", "COUNT"]);
    return stdout
      .split("\n")
      .slice(2)
      .map((line) => Number(line.trim().split(/\s+/)[0]));
  };
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const entryOf = ({ conf }: UplinkPod): Readonly<Record<string, unknown>> => {
  const { prevResult: _, runtimeConfig: __, ...entry } = conf as Record<string, unknown>;
  return entry;
};
