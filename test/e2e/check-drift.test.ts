/**
 * CHECK finds every object that is gone or not as it was made. The tests are generated from the plan in the record, so
 * the plugin is called while this file is read; ADD then mends what CHECK found.
 */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import type { Alteration } from "../lab/alter/alteration.ts";
import { alterations } from "../lab/alter/alterations.ts";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames, stateFiles } from "../lab/node/exact-state.ts";
import { hasFeature, suite } from "../lab/node/needs.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, ruledWishes, rules, warmNode } from "../lab/plugin/warm-node.ts";

const marked = { dscp: "AF21" };
const ingress = { ingressBandwidth: "20M" };
const egress = { egressBandwidth: "10M" };

const plans: readonly { title: string; kind: LinkKind; conf: { readonly [key: string]: unknown } }[] = [
  { title: "veth, shape, both caps and a mark", kind: "veth", conf: allWishes },
  {
    title: "veth, police",
    kind: "veth",
    conf: { discipline: "police", defaults: { ...ingress, ...egress } },
  },
  { title: "veth, in the pod, shape", kind: "veth", conf: { enforce: "pod", ...allWishes } },
  {
    title: "veth, in the pod, police",
    kind: "veth",
    conf: { enforce: "pod", discipline: "police", defaults: { ...ingress, ...egress } },
  },
  { title: "veth, ingress only", kind: "veth", conf: { defaults: ingress } },
  { title: "veth, egress only", kind: "veth", conf: { defaults: egress } },
  { title: "veth, mark only", kind: "veth", conf: { defaults: marked } },
  { title: "veth, rules and a cap", kind: "veth", conf: { egress: rules, defaults: egress } },
  { title: "veth, in the pod, rules and caps", kind: "veth", conf: { enforce: "pod", ...ruledWishes } },
  { title: "macvlan", kind: "macvlan", conf: { defaults: { ...ingress, ...egress, ...marked } } },
  { title: "ipvlan", kind: "ipvlan", conf: { defaults: { ...ingress, ...egress, ...marked } } },
];

const node = await warmNode();
afterAll(() => node[Symbol.asyncDispose]());

const planned = async (pod: Plug): Promise<AttachmentRecord["programs"]> => {
  succeeded(await pod.call("ADD"));
  const name = recordNames(node).find((file) => file.includes(pod.pod.containerId));
  return (JSON.parse(readFileSync(node.path(`/run/pod-qos/${name}`), "utf8")) as AttachmentRecord).programs;
};

/** With an object on the node that a small kernel has not got: of each kind one. */
const OF_STOCK = new Set([
  "veth, shape, both caps and a mark",
  "veth, police",
  "veth, in the pod, police",
  "ipvlan",
]);
const chosenPlans = paced("CHECK of", plans, 0, ({ title }) => OF_STOCK.has(title));

const usable = chosenPlans.filter(({ title, kind }) => {
  const has = kind === "veth" || hasFeature(kind);
  // Says what is lacking, and fails where that may not be.
  if (!has) suite(`CHECK of ${title}`, { features: [kind] }, () => undefined);
  return has;
});

/** All first, for each is looked at with the whole node. */
const rigs: {
  readonly title: string;
  readonly kind: LinkKind;
  readonly pod: Plug;
  readonly programs: AttachmentRecord["programs"];
}[] = [];
for (const { title, kind, conf } of usable) {
  const pod = await plug(node, { kind, conf });
  rigs.push({ title, kind, pod, programs: await planned(pod) });
}

/** What a small kernel has no object for. */
const ofStock = ({ kind, place }: Alteration): boolean => place === "node" && /police|fq_codel/.test(kind);

const known = new Set<string>();
for (const { title, kind, pod, programs } of rigs) {
  const good = withoutIndexes(await exactState(node, pod.pod));
  // The rest any kernel shows; of ipvlan, which the small one lacks, a sample.
  const every = kind === "ipvlan" ? 16 : 0;
  const chosen = paced(`CHECK of ${title}`, alterations(programs, known), every, ofStock);

  describe(`CHECK of ${title}`, () => {
    test("passes as ADD left it, and writes nothing", async () => {
      await writesNothing(pod, async () => succeededSilently(await pod.call("CHECK")));
    });

    test.each(chosen)("fails and names it: $title", async ({ place, script, names, clear }) => {
      const where = place === "node" ? node : pod.pod;
      await where.exec("sh", ["-ec", script]);
      await writesNothing(pod, async () => {
        failed(await pod.call("CHECK"), 100, names);
      });
      if (clear !== undefined) await where.exec("sh", ["-ec", clear]);
      succeeded(await pod.call("ADD"));
      expect(withoutIndexes(await exactState(node, pod.pod))).toEqual(good);
    });
  });
}

const writesNothing = async (pod: Plug, body: () => Promise<void>): Promise<void> => {
  const before = [await exactState(node, pod.pod), stateFiles(node)];
  await body();
  expect([await exactState(node, pod.pod), stateFiles(node)]).toEqual(before);
};

/** What ADD mends may be made anew: then it has another index and address, and another place in the list. */
function withoutIndexes(state: string): readonly string[] {
  return state
    .replaceAll(/^\d+: |index \d+|police 0x\w+|^\s+link\/ether .*$|fh \w+:|ht \w+|"$|(?<=alias )"/gm, "")
    .split("\n")
    .sort();
}
