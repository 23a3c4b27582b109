/** A class that goes from the conf, or gets another name and set, while its pods send: none of their packets is in a class of others. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import type { LabNode } from "../lab/node/node.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { readRecordAt } from "../lab/plugin/records.ts";
import { suite } from "../lab/node/needs.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  quietUplink,
  uplink200,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const { "bulk-seed": bulk } = uplink200.classes;
const rest = { rate: "100M" };
const conf = (classes: object) => ({ uplink: { ...uplink200, classes: { default: rest, ...classes } } });

const before = conf({ other: { rate: "1M" }, "bulk-seed": bulk });
const renamed = conf({ other: { rate: "1M" }, heavy: { ...bulk, set: "heavy-pods" } });
/** What was the third class is the second now. */
const gone = conf({ heavy: { ...bulk, set: "heavy-pods" } });
const many = 8;

/** A conf, and the class that the pods are in by it. */
type Stage = readonly [entry: ReturnType<typeof conf>, className: string];

suite("a class that is renamed or goes", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  let agent: Agent;
  let pods: readonly UplinkPod[];
  beforeAll(async () => {
    site = await openUplinkSite();
    await quietUplink(site);
    await writeConf(site.node, "10-podnet.conflist", before, "podnet");
    const made: UplinkPod[] = [];
    for (let at = 0; at < many; at += 1)
      made.push(await addedUplinkPod(site, { labels: bulkLabel, uplink: before.uplink }));
    pods = made;
    agent = await startAgent(site.node);
  });
  afterAll(async () => {
    await agent?.kill();
    await site?.node[Symbol.asyncDispose]();
  });

  const become = async ([entry, name]: Stage): Promise<void> => {
    await writeConf(site.node, "10-podnet.conflist", entry, "podnet");
    await until(
      `all pods are in ${name}`,
      () => pods.every((pod) => classIn(site.node, pod) === name),
      30_000,
    );
  };
  const haveOnly = ([entry]: Stage): Promise<unknown> =>
    until(
      "only the conf's classes are there",
      async () => (await classesOf(site.node)).length === classesIn(entry).length,
      30_000,
    );

  test.each<readonly [string, Stage, Stage]>([
    ["gets another name and set", [before, "bulk-seed"], [renamed, "heavy"]],
    ["has another number, for one before it is gone", [renamed, "heavy"], [gone, "heavy"]],
    ["gets its name back", [gone, "heavy"], [before, "bulk-seed"]],
  ])(
    "%s: no packet of its pods is in a third class, none is lost, and nothing of it stays",
    async (_, former, next) => {
      // As it is but for a second try.
      await become(former);
      await haveOnly(former);
      // For five and a half seconds. A deadline would count as lost what is under way then.
      const pinging = ["-q", "-c", "550", "-i", "0.01", "-W", "2", site.server4];
      const senders = pods.map(({ pod }) => pod.start("ping", pinging, { timeoutMs: 120_000 }));
      await new Promise((resolve) => setTimeout(resolve, 500));
      const others = othersThan(former, next);
      const counted = await bytesOf(site.node, others);
      await become(next);
      const all = await Promise.all(senders.map(({ done }) => done));
      for (const { stdout } of all) expect(stdout).toMatch(/^550 packets transmitted, .* 0% packet loss/m);
      expect(await bytesOf(site.node, others)).toEqual(counted);
      await haveOnly(next);
      const { stdout } = await site.node.exec("ipset", ["list", "-n"]);
      expect(stdout.split("\n").filter((set) => set !== "")).toHaveLength(
        2 * (classesIn(next[0]).length - 1),
      );
    },
  );
});

const classesIn = (entry: ReturnType<typeof conf>): readonly string[] => Object.keys(entry.uplink.classes);

const classIn = (node: LabNode, { pod }: UplinkPod): string | undefined =>
  readRecordAt(node, "podnet", pod.containerId).membership?.class;

const classesOf = async (node: LabNode): Promise<readonly string[]> => {
  const { stdout } = await node.exec("tc", ["class", "show", "dev", "eth0"]);
  return [...stdout.matchAll(/^class htb (1:\d+) parent 1:1 /gm)].map(([, id = ""]) => id);
};

/** Those of both confs in which the pods are by neither. */
const othersThan = ([former, own]: Stage, [next, later]: Stage): readonly string[] =>
  classesIn(former).filter((name) => classesIn(next).includes(name) && name !== own && name !== later);

interface Shown {
  readonly uplinks: readonly [
    { readonly classes: readonly { readonly name: string; readonly bytes: number | null }[] },
  ];
}

/** What each of these classes has sent. */
const bytesOf = async (node: LabNode, names: readonly string[]): Promise<readonly unknown[]> => {
  const [{ classes }] = ((await callPlugin(node, { argv: ["show", "--json"] })).json as Shown).uplinks;
  const found = classes.filter(({ name, bytes }) => names.includes(name) && bytes !== null);
  expect(found.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  return found.map(({ bytes }) => bytes);
};
