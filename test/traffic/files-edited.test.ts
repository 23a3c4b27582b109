/** What a sender below its limits meets while files are edited that its pod is decided by: no packet is lost, none has a third mark or class. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import { figure } from "../lab/measure/figures.ts";
import { sendSteadily, watchMarks } from "../lab/traffic/marks-seen.ts";
import { suite } from "../lab/node/needs.ts";
import { egressQos, networkQos } from "../lab/policy/policies.ts";
import { readRecordAt } from "../lab/plugin/records.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import {
  bulkLabel,
  openUplinkSite,
  quietUplink,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const edits = repetitions(60);
const policyDir = "/etc/cni/pod-qos";

suite("files edited under traffic", { plugin: true, tools: ["ipset", "ss"], peers: ["sender"] }, () => {
  let site: UplinkSite;
  let agent: Agent;
  beforeAll(async () => {
    site = await openUplinkSite();
    await quietUplink(site);
    mkdirSync(site.node.path(policyDir), { recursive: true });
    agent = await startAgent(site.node);
  });
  afterAll(async () => {
    await agent?.kill();
    await site?.node[Symbol.asyncDispose]();
  });

  test.each(Object.entries(kinds))("each edit of %s is followed, and loses no packet", async (_, kind) => {
    const { marks } = kind;
    const object = site.node.path(`${policyDir}/object.json`);
    const edit = async (to: Word): Promise<void> => {
      await writeConf(site.node, "10-podnet.conflist", kind.conf(to), "podnet");
      if (kind.object === undefined) return;
      writeFileSync(`${object}.new`, JSON.stringify(kind.object(to)));
      renameSync(`${object}.new`, object);
    };
    await edit("yes");
    const pod = await uplinkPod(site, { labels: bulkLabel });
    succeeded(await pod.call("ADD", kind.conf("yes")));
    const isDone = async (to: Word): Promise<boolean> => {
      const { unfinished, programs } = readRecordAt(site.node, "podnet", pod.pod.containerId);
      return unfinished === undefined && (await kind.isSo(site, to, JSON.stringify(programs)));
    };
    await until("what it begins with", () => isDone("yes"));
    const before = await sentIn(site, defaultClass);
    const watch = await watchMarks(site.server, site.server4);
    const flow = sendSteadily(pod.pod, site.server4);
    const began = performance.now();
    await pause(300);
    for (let time = 1; time <= edits; time += 1) {
      const to = time % 2 === 1 ? "no" : "yes";
      await edit(to);
      await until(`edit ${time}`, () => isDone(to));
    }
    await pause(100);
    const sent = await flow.end();
    const perSecond = (sent * 1000) / (performance.now() - began);
    const [seen] = (await watch.end()).values();
    const others = [...(seen?.marks ?? [])].filter(([mark]) => !marks.includes(mark));
    console.log(`${sent} packets through ${edits} edits`);
    expect(perSecond).toBeGreaterThan(800);
    figure("packets lost", sent - (seen?.arrived ?? 0), { atMost: 0 });
    figure("with a mark that is neither the old nor the new", total(others), { atMost: 0 });
    figure("bytes in another class", (await sentIn(site, defaultClass)) - before, { atMost: 0 });
    // Never back and forth: each edit is seen once, or not at all.
    expect(seen?.turns.length).toBe(marks.length === 1 ? 1 : edits + 1);
    succeeded(await pod.call("DEL", kind.conf("yes")));
    await pod.pod.remove();
    rmSync(object, { force: true });
  });
});

type Word = "yes" | "no";

type Kind = {
  /** The marks that the old and the new have. */
  readonly marks: readonly number[];
  readonly conf: (to: Word) => object;
  readonly object?: (to: Word) => object;
  readonly isSo: (site: UplinkSite, to: Word, programs: string) => boolean | Promise<boolean>;
};

const MARK = { yes: 20, no: 12 } as const;
const defaultClass = "1:10";
/** The class of the pod. */
const bulkClass = "1:20";

const conf = (bulkRate: string, more: object = {}) => ({
  policyDir,
  uplink: {
    ...uplink200,
    classes: {
      default: { rate: "100M" },
      "bulk-seed": { ...uplink200.classes["bulk-seed"], rate: bulkRate },
    },
  },
  defaults: { egressBandwidth: "20M", ingressBandwidth: "20M", dscp: "EF" },
  ...more,
});
const always = (): object => conf("50M");

/** All with room for the sender, which they match. */
const blocks = (to: Word): readonly string[] =>
  to === "yes" ? ["203.0.113.0/24"] : ["203.0.113.0/25", "192.0.2.0/24"];
const isWithBlocks: Kind["isSo"] = (_, to, programs) => programs.includes("192.0.2.0/24") === (to === "no");
const rule = (to: Word) => ({
  dscp: MARK[to],
  bandwidth: { rate: { yes: 20_000, no: 40_000 }[to] },
  classifier: { to: blocks(to).map((cidr) => ({ ipBlock: { cidr } })) },
});

const kinds: Readonly<Record<string, Kind>> = {
  "a class's rate": {
    marks: [46],
    conf: (to) => conf({ yes: "50M", no: "80M" }[to]),
    isSo: async ({ sh }, to) => {
      const classes = await sh("tc class show dev eth0");
      return new RegExp(`^class htb ${bulkClass} .* rate ${{ yes: 50, no: 80 }[to]}Mbit `, "m").test(classes);
    },
  },
  "a rule of the conf": {
    marks: [MARK.yes, MARK.no],
    conf: (to) => conf("50M", { egress: [rule(to)] }),
    isSo: isWithBlocks,
  },
  "an EgressQoS in a file": {
    marks: [MARK.yes, MARK.no],
    conf: always,
    object: (to) =>
      egressQos(
        blocks(to).map((dstCIDR) => ({ dscp: MARK[to], dstCIDR })),
        "default",
        "prod",
      ),
    isSo: isWithBlocks,
  },
  "a NetworkQoS in a file": {
    marks: [MARK.yes, MARK.no],
    conf: always,
    object: (to) => networkQos({ egress: [rule(to)] }, "video", "prod"),
    isSo: isWithBlocks,
  },
};

/** What a class of the uplink has sent, in bytes. */
const sentIn = async ({ sh }: UplinkSite, id: string): Promise<number> => {
  const text = await sh("tc -s class show dev eth0");
  const [, bytes] = new RegExp(`^class htb ${id} .*\\n Sent (\\d+) bytes`, "m").exec(text) ?? [];
  return Number(bytes);
};

const total = (counts: readonly (readonly [number, number])[]): number =>
  counts.reduce((sum, [, count]) => sum + count, 0);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
