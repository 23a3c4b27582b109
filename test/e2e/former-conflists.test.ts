/** What an ADD of each conflist makes in the kernel is what 0.1.0 made, text for text, but for the queues and the names of sets that CHANGELOG names. */
import { symlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChain } from "../lab/plugin/chain.ts";
import { conflistPath, siteNamed, sites, type OpenSite, type Site } from "../lab/plugin/chain-sites.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { buildFormer, type Former } from "../lab/plugin/former.ts";
import { suite } from "../lab/node/needs.ts";
import { ovsSite } from "../lab/node/ovs-site.ts";
import { NODE_CNI_BIN, pluginPath } from "../lab/node/paths.ts";
import { long } from "../lab/measure/repetitions.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

interface Row {
  readonly what: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const caps = (egress: string, ingress: string) => ({
  "kubernetes.io/egress-bandwidth": egress,
  "kubernetes.io/ingress-bandwidth": ingress,
});
const rules = JSON.stringify([
  { dscp: 46, classifier: { to: [{ ipBlock: { cidr: "203.0.113.0/24", except: ["203.0.113.9/32"] } }] } },
  { bandwidth: { rate: 20_000 }, classifier: { ports: [{ protocol: "TCP", port: 443 }] } },
  { dscp: "CS1", bandwidth: { rate: 5_000, burst: 100, discipline: "shape" } },
]);

const rows: readonly Row[] = [
  { what: "nothing", annotations: {} },
  { what: "a mark", annotations: { "pod-qos/dscp": "EF" } },
  { what: "caps", annotations: caps("150M", "200M") },
  { what: "slow caps and a mark", annotations: { ...caps("10M", "20M"), "pod-qos/dscp": "EF" } },
  { what: "policed caps", annotations: { ...caps("150M", "200M"), "pod-qos/discipline": "police" } },
  { what: "rules with limits", annotations: { "pod-qos/egress": rules } },
  { what: "rules with limits in caps", annotations: { ...caps("150M", "200M"), "pod-qos/egress": rules } },
];

const classed: readonly Row[] = [
  { what: "a class", annotations: { "pod-qos/class": "bulk-seed" } },
  { what: "a class and caps", annotations: { "pod-qos/class": "bulk-seed", ...caps("150M", "200M") } },
];

const second: Site = { ...siteNamed("bridge"), conflist: conflistPath("20-second-network.conflist") };
const flannel = siteNamed("flannel");
const uplink: Site = {
  ...flannel,
  conflist: conflistPath("10-flannel-uplink.conflist"),
  open: async () => {
    const site = await flannel.open();
    await site.node.exec("sh", ["-ec", "ip link add eth0 type veth peer name wan0; ip link set eth0 up"]);
    return site;
  },
};

/** Builds an executable, so the usual run does without. */
if (long) {
  let former: Former;
  beforeAll(async () => {
    former = await buildFormer();
  });
  afterAll(() => former[Symbol.asyncDispose]());

  for (const site of [...sites, uplink, second, ovsSite]) {
    suite(`a pod of ${site.conflist.split("/").at(-1) ?? ""} with`, site.needs, () => {
      test.each([...rows, ...(site === uplink ? classed : [])])("$what", async ({ what, annotations }) => {
        const wishes = site.holdsIngress
          ? annotations
          : Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.includes("ingress")));
        const [then, now] = [await made(site, wishes, former.path), await made(site, wishes, pluginPath())];
        report(`${site.conflist.split("/").at(-1) ?? ""}, ${what}`, then, now);
        expect(now).toBe(withQueuesOfNow(then));
      });
    });
  }
} else test.skip("not run: what each conflist makes, beside what 0.1.0 made, needs ./scripts/test long");

/** On a fresh node each, so that the addresses are the same. */
const made = async (
  { open, conflist }: Site,
  annotations: Readonly<Record<string, string>>,
  plugin: string,
): Promise<string> => {
  const { node }: OpenSite = await open();
  await using _ = node;
  symlinkSync(plugin, node.path(`${NODE_CNI_BIN}/pod-qos`));
  // The policyDir that one of the conflists names.
  await node.exec("mkdir", ["-p", "/etc/cni/pod-qos"]);
  const pod = await node.addPod("pod");
  await runChain(node, "add", conflist, pod, { capArgs: capArgsOf(annotations) });
  const state = await exactState(node, pod);
  return state.replaceAll(BY_CHANCE, "").replaceAll(NAMES_OF_SETS, "$1");
};

/** Numbers and addresses of links, and names that primary plugins throw dice for. */
const BY_CHANCE = /^\d+: |@if\d+|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|(?<=veth)[0-9a-f]{8}|link-netns(?:id)? \S+/gm;

/** 0.1.0 counted them: by the place of the rule, which changes. */
const NAMES_OF_SETS = /(pod-qos-eth0:[46]:)\w+/g;

/** What CHANGELOG says of queues, done to what 0.1.0 made: these lines and no others, and what they are now. */
const withQueuesOfNow = (state: string): string =>
  OTHER_QUEUES.reduce((text, [then, now]) => text.replaceAll(then, now), state);

const OTHER_QUEUES: readonly (readonly [RegExp, string])[] = [
  // A TBF has a class of its own.
  [/^class tbf 9\w\w:1 parent 9\w\w: *\n/gm, ""],
  // Behind a rule's police limit, whose burst holds a GSO packet: no queue but the packet that HTB takes.
  [/^qdisc tbf (9\w\w: parent 905:\w+) rate 10Gbit .*$/gm, "qdisc pfifo $1 limit 1p"],
  // Behind what shapes on a kernel without fq_codel: a whole GSO packet.
  [/^qdisc tbf (9\w\w: parent 905:\w+) rate 100Gbit .*$/gm, "qdisc bfifo $1 limit 68Kb"],
  // An ifb takes as many packets as a network card.
  [/^( *pq.*) qlen 32$/gm, "$1 qlen 1000"],
];

const report = (what: string, then: string, now: string): void => {
  const [before, after] = [then.split("\n"), now.split("\n")];
  const gone = before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`);
  const come = after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`);
  const said = gone.length + come.length === 0 ? ": byte for byte the same" : " differs by";
  console.log([`${what}${said} (${after.length} lines)`, ...gone, ...come].join("\n"));
};
