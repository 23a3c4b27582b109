/** What a sender below its limits meets while the API changes what its pod should have: no packet is lost, none has a third mark or class. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { until } from "../lab/agent/agent.ts";
import { agentNeeds } from "../lab/cluster/agent-plane.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { openLiveSite, type LiveSite } from "../lab/cluster/live-site.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { capsOf, DSCP, RATE, type Word } from "../lab/cluster/voices.ts";
import { figure } from "../lab/measure/figures.ts";
import { sendSteadily, watchMarks } from "../lab/traffic/marks-seen.ts";
import { highestRate, startMeter } from "../lab/traffic/meter.ts";
import { suite } from "../lab/node/needs.ts";
import { readRecordAt } from "../lab/plugin/records.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { openUplinkSite, type UplinkSite } from "../lab/uplink/uplink.ts";

const changes = repetitions(100);

const needs = {
  ...agentNeeds,
  tools: [...agentNeeds.tools, "iperf3", "ipset", "ss"],
  peers: [...agentNeeds.peers, "sender"],
};

suite("a sender below its limits", needs, () => {
  let uplink: UplinkSite;
  let site: LiveSite;

  beforeAll(async () => {
    uplink = await openUplinkSite();
    site = await openLiveSite(uplink.node, podNetwork({ conf: { uplink: classes } }));
    await site.plane.api.create(policyPath("EgressQoS", "default"), egressQos("yes"));
    await site.plane.api.create(policyPath("NetworkQoS", "default"), networkQos("yes"));
    await site.plane.api.create(policyPath("NetworkQoS", "default"), behind);
  });
  afterAll(() => site?.end());

  const recordOf = ({ containerId }: Sandbox): AttachmentRecord =>
    readRecordAt(site.node, "podnet", containerId);
  let made = 0;
  const run = (what: string, labels: object): Promise<Sandbox> =>
    site.run({
      name: `${what.toLowerCase()}-${(made += 1)}`,
      labels: { voice: "yes", tier: "yes", ...labels },
      annotations: capsOf("yes"),
    });

  /** Each change once the one before it is done. */
  const changed = async (sandbox: Sandbox, { make, isSo }: Kind): Promise<void> => {
    for (let time = 1; time <= changes; time += 1) {
      const to = time % 2 === 1 ? "no" : "yes";
      await make(site, sandbox, to);
      await until(`change ${time}`, () => {
        const record = recordOf(sandbox);
        return record.unfinished === undefined && isSo(record, to);
      });
    }
  };

  test.each(Object.entries(kinds))("loses no packet through changes of %s", async (what, kind) => {
    const { marks } = kind;
    for (const object of [networkQos("yes"), egressQos("yes")]) await editObject(site, object);
    const sandbox = await run(what, kind.labels);
    await countStrangers(uplink, sandbox);
    const watch = await watchMarks(uplink.server, uplink.server4);
    const flow = sendSteadily(sandbox.pod, uplink.server4);
    const began = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await changed(sandbox, kind);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const sent = await flow.end();
    const perSecond = (sent * 1000) / (performance.now() - began);
    const [seen] = (await watch.end()).values();
    const others = [...(seen?.marks ?? [])].filter(([mark]) => !marks.includes(mark));
    console.log(`${sent} packets through ${changes} changes of ${what}`);
    expect(perSecond).toBeGreaterThan(800);
    figure("packets lost", sent - (seen?.arrived ?? 0), { atMost: 0 });
    figure("with a mark that is neither the old nor the new", total(others), { atMost: 0 });
    figure("in a third class", await addressesInThirdClass(uplink), { atMost: 0 });
    // Never back and forth: each change is seen once, or not at all.
    expect(seen?.turns.length).toBe(marks.length === 1 ? 1 : changes + 1);
    await site.plane.api.remove(`/api/v1/namespaces/default/pods/${sandbox.name}`);
    await site.kubelet.gone(sandbox.name);
  });

  test("a TCP flow under a changing cap is at no second above the larger one", async () => {
    const sandbox = await run("tcp", {});
    const seconds = 3 + changes * 0.3;
    const meter = startMeter({ ns: uplink.node, device: "eth0" }, seconds + 10);
    const load = measure({ from: sandbox.pod, to: uplink.server, address: uplink.server4, seconds });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await changed(sandbox, kinds.cap);
    const { bitsPerSecond } = await load;
    const highest = highestRate(await meter.stop(), 1);
    figure("highest second, of the larger cap", highest / RATE.no, { atMost: 1.05 });
    expect(bitsPerSecond).toBeGreaterThan(RATE.yes * 0.8);
  });
});

type Kind = {
  readonly labels: Readonly<Record<string, string>>;
  /** The marks that the old and the new have. */
  readonly marks: readonly number[];
  readonly make: (site: LiveSite, sandbox: Sandbox, to: Word) => Promise<unknown>;
  readonly isSo: (record: AttachmentRecord, to: Word) => boolean;
};

const OBJECT = { yes: 20, no: 12 } as const;

const selecting = (tier: string) => ({ podSelector: { matchLabels: { tier } } });
const classes = {
  device: "eth0",
  rate: "200M",
  default: "default",
  classes: {
    default: { rate: "100M" },
    bulk: { rate: "50M", ceil: "200M", set: "bulk-pods", ...selecting("yes") },
    gold: { rate: "50M", ceil: "200M", set: "gold-pods", ...selecting("no") },
  },
};

/** With "yes" a pod has the mark of its label. */
const egressQos = (word: Word) => ({
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS" as const,
  metadata: { name: "default" },
  spec: {
    egress: (["yes", "no"] as const).map((voice) => ({
      dscp: DSCP[word === "yes" ? voice : "no"],
      podSelector: { matchLabels: { voice } },
    })),
  },
});

/** Mark, limit and destinations, all with room for the sender. */
const networkQos = (word: Word) => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS" as const,
  metadata: { name: "default" },
  spec: {
    priority: 10,
    podSelector: { matchLabels: { app: "ruled" } },
    egress: [
      {
        dscp: OBJECT[word],
        bandwidth: { rate: RATE[word] / 1000 },
        classifier: {
          to: [
            { ipBlock: { cidr: word === "yes" ? "203.0.113.0/24" : "203.0.113.0/25" } },
            ...(word === "yes" ? [] : [{ ipBlock: { cidr: "192.0.2.0/24" } }]),
          ],
        },
      },
    ],
  },
});

/** Each looks into an address set. */
const looking = (name: string, priority: number, dscp: number, cidrs: readonly string[]) => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name },
  spec: {
    priority,
    podSelector: { matchLabels: { app: "behind" } },
    egress: [{ dscp, classifier: { to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) } }],
  },
});
const BEHIND = 22;
const behind = looking("behind", 5, BEHIND, ["203.0.113.0/24", "192.0.2.0/24"]);
const front = looking("front", 6, 30, ["198.51.100.0/25", "198.51.100.128/26"]);

const editObject = (
  { plane }: LiveSite,
  object: ReturnType<typeof egressQos | typeof networkQos>,
): Promise<unknown> => plane.api.patch(`${policyPath(object.kind, "default")}/default`, object);

const kinds: Readonly<Record<"label" | "NetworkQoS" | "rule-before" | "EgressQoS" | "cap" | "class", Kind>> =
  {
    label: {
      labels: {},
      marks: [DSCP.yes, DSCP.no],
      make: (site, { name }, voice) => site.patch(name, { labels: { voice } }),
      isSo: ({ limits }, to) => limits?.dscp === DSCP[to],
    },
    NetworkQoS: {
      labels: { app: "ruled" },
      marks: [OBJECT.yes, OBJECT.no],
      make: (site, _, to) => editObject(site, networkQos(to)),
      isSo: ({ programs }, to) => JSON.stringify(programs).includes("192.0.2.0/24") === (to === "no"),
    },
    "rule-before": {
      labels: { app: "behind" },
      marks: [BEHIND],
      make: ({ plane }, _, to) =>
        to === "no"
          ? plane.api.create(policyPath("NetworkQoS", "default"), front)
          : plane.api.remove(`${policyPath("NetworkQoS", "default")}/front`),
      isSo: ({ programs }, to) => JSON.stringify(programs).includes("198.51.100.128/26") === (to === "no"),
    },
    EgressQoS: {
      labels: {},
      marks: [DSCP.yes, DSCP.no],
      make: (site, _, to) => editObject(site, egressQos(to)),
      isSo: ({ limits }, to) => limits?.dscp === DSCP[to],
    },
    cap: {
      labels: {},
      marks: [DSCP.yes],
      make: (site, { name }, to) => site.patch(name, { annotations: capsOf(to) }),
      isSo: ({ limits }, to) => limits?.egress === RATE[to] && limits.ingress === RATE[to],
    },
    class: {
      labels: {},
      marks: [DSCP.yes],
      make: (site, { name }, tier) => site.patch(name, { labels: { tier } }),
      isSo: ({ membership }, to) => membership?.class === (to === "yes" ? "bulk" : "gold"),
    },
  };

/** Packets of the pod in neither class, where it should be in one: behind our own rules of the node. */
const countStrangers = async ({ node }: UplinkSite, { addresses }: Sandbox): Promise<void> => {
  const rule = `-s ${addresses[0]} -p udp -m set ! --match-set bulk-pods src -m set ! --match-set gold-pods src`;
  await node.exec("sh", [
    "-ec",
    `iptables -t mangle -N COUNT 2>/dev/null || iptables -t mangle -F COUNT
    iptables -t mangle -C POSTROUTING -j COUNT 2>/dev/null || iptables -t mangle -A POSTROUTING -j COUNT
    iptables -t mangle -A COUNT ${rule}`,
  ]);
};

const addressesInThirdClass = async ({ node }: UplinkSite): Promise<number> => {
  const { stdout } = await node.exec("iptables", ["-t", "mangle", "-nvxL", "COUNT"]);
  return Number(stdout.split("\n")[2]?.trim().split(/\s+/)[0]);
};

const total = (counts: readonly (readonly [number, number])[]): number =>
  counts.reduce((sum, [, count]) => sum + count, 0);
