/**
 * 1.9.7: while the pods that a rule names are not known yet, the rule keeps the addresses that it has, all else is followed, and
 * the attachment is pending.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { consider, type Considered } from "../../../plugin/attachment/consider.ts";
import { decide } from "../../../plugin/attachment/decide.ts";
import { keepingAllDestinations } from "../../../plugin/attachment/kept-destinations.ts";
import { planFor } from "../../../plugin/attachment/plan.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import { netnsId } from "../../../plugin/kernel/netns.ts";
import type { Destinations } from "../../../plugin/knowledge/destinations.ts";
import { selectorText } from "../../../plugin/policy/label/selector.ts";
import type { Program } from "../../../plugin/program/program.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { apiObject, snapshotOf } from "../support/api.ts";
import { knowing, podRequest } from "../support/known.ts";
import { taskOf } from "../support/task.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-unknown-"));
afterAll(() => rmSync(root, { recursive: true }));

// A namespace that lives as long as the test.
const netns = "/proc/self/ns/net";

type Egress = readonly Readonly<Record<string, unknown>>[];
type Known = Readonly<Record<string, readonly string[]>>;

const to = (app: string, dscp = 20, more: readonly object[] = []): Egress[number] => ({
  dscp,
  classifier: { to: [{ podSelector: { matchLabels: { app } } }, ...more] },
});
const knowledgeOf = (egress: Egress, known: Known) => {
  const destinations: Destinations = ({ peer }) => known[selectorText(peer.podSelector)];
  const snapshot = snapshotOf({ networkQos: [apiObject({ priority: 10, egress })] });
  return { ...knowing({ snapshot }), destinations };
};
const requested = async (egress: Egress, known: Known) => {
  const said = podRequest({});
  const request = { ...said, call: { ...said.call, netns } };
  return { request, policy: await decide(request, "forget", knowledgeOf(egress, known)) };
};
const running = async (egress: Egress, known: Known): Promise<AttachmentRecord> => {
  const { request, policy } = await requested(egress, known);
  const plan = planFor(request, policy, taskOf({}).facts);
  return recordOf({ request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined }, plan, plan.programs);
};
const after = (record: AttachmentRecord, egress: Egress, known: Known): Promise<Considered> =>
  consider(root, record, { conf: undefined, knowledge: knowledgeOf(egress, known) });
const becomes = async (record: AttachmentRecord, egress: Egress, known: Known): Promise<AttachmentRecord> => {
  const came = await after(record, egress, known);
  if (came.kind !== "differs" || came.wanted === undefined) throw new Error(came.kind);
  return came.wanted;
};
/** Of the sets of IPv4, in the order in which the rules look them up. */
const sets = ({ programs }: AttachmentRecord): readonly (readonly string[])[] =>
  programs
    .flatMap(({ objects }): readonly Program["objects"][number][] => objects)
    .flatMap((each) => (each.kind === "set" && each.family === "inet" ? [each.entries] : []));
const marks = ({ programs }: AttachmentRecord): readonly string[] => [
  ...new Set(
    JSON.stringify(programs)
      .match(/--set-dscp 0x[0-9a-f]+/g)
      ?.toSorted(),
  ),
];

const blocks = (...except: readonly string[]) => [{ ipBlock: { cidr: "192.0.2.0/24", except } }];
const db = { "app=db": ["10.0.0.1", "10.0.0.2"] };

it("another rule's mark follows; the set keeps its entries; it is pending, and completed when they are known", async () => {
  const record = await running([to("db"), { dscp: 30 }], db);
  const partly = await becomes(record, [to("db"), { dscp: 31 }], {});
  expect(sets(partly)).toEqual([["10.0.0.1", "10.0.0.2"]]);
  expect(marks(partly)).toEqual(["--set-dscp 0x14", "--set-dscp 0x1f"]);
  expect(partly.pending).toBe(
    "the node's agent does not know yet: addresses of the pods that NetworkQoS prod/default egress[0] (API) names",
  );
  const whole = await becomes(partly, [to("db"), { dscp: 31 }], { "app=db": ["10.0.0.2", "10.0.0.3"] });
  expect(sets(whole)).toEqual([["10.0.0.2", "10.0.0.3"]]);
  expect(whole.pending).toBeUndefined();
});

it("says which rules lack addresses, also where nothing else is to change", async () => {
  const record = await running([to("db")], db);
  const partly = await becomes(record, [to("db")], {});
  expect(await after(partly, [to("db")], {})).toMatchObject({
    kind: "same",
    addressless: ["NetworkQoS prod/default egress[0] (API)"],
  });
  const known = await after(partly, [to("db")], db);
  expect(known).toMatchObject({ kind: "differs", isInWordsAlone: true });
  expect(known).not.toHaveProperty("addressless");
});

it("a new rule has an empty set first", async () => {
  const record = await running([{ dscp: 30 }], {});
  const partly = await becomes(record, [to("web"), { dscp: 30 }], {});
  expect(sets(partly)).toEqual([[]]);
  expect(partly.pending).toContain("egress[0]");
});

it("a rule that names other pods keeps the old addresses until the new ones are known", async () => {
  const record = await running([to("db")], db);
  const partly = await becomes(record, [to("web")], {});
  expect(sets(partly)).toEqual([["10.0.0.1", "10.0.0.2"]]);
  expect(sets(await becomes(partly, [to("web")], {}).catch(() => partly))).toEqual(sets(partly));
  const whole = await becomes(partly, [to("web")], { "app=web": ["10.0.0.2", "10.0.0.9"] });
  expect(sets(whole)).toEqual([["10.0.0.2", "10.0.0.9"]]);
});

it("of a rule with several entries what is known is added, and what it has stays until all is known", async () => {
  const record = await running([to("db")], db);
  const both = [to("db", 20, [{ podSelector: { matchLabels: { app: "web" } } }])];
  const partly = await becomes(record, both, { "app=web": ["10.0.0.9"] });
  expect(sets(partly)).toEqual([["10.0.0.9", "10.0.0.1", "10.0.0.2"]]);
});

it("a rule of which some pods are known keeps its set as it is: it does not grow with each pod that ends", async () => {
  const both = [to("db", 20, [{ podSelector: { matchLabels: { app: "web" } } }])];
  const record = await running(both, { ...db, "app=web": ["10.0.0.9"] });
  const partly = await becomes(record, both, { "app=db": ["10.0.0.3"] });
  expect(sets(partly)).toEqual([["10.0.0.1", "10.0.0.2", "10.0.0.9"]]);
  expect(await after(partly, both, { "app=db": ["10.0.0.4"] })).toMatchObject({ kind: "same" });
});

it("a set that stands twice, after a change that was cut short, gives each address once", async () => {
  const record = await running([to("db")], db);
  const twice = { ...record, programs: [...record.programs, ...record.programs] };
  const partly = await becomes(twice, [to("db"), { dscp: 3 }], {});
  expect(sets(partly)).toEqual([["10.0.0.1", "10.0.0.2"]]);
});

it("a repeated ADD, which knows no addresses, keeps those that the rules have", async () => {
  const egress = [to("db"), to("web", 21)];
  const record = await running(egress, { ...db, "app=web": ["10.0.0.9"] });
  const { request, policy } = await requested(egress, {});
  const rules = keepingAllDestinations(policy.rules, record.programs);
  const { programs } = planFor(request, { ...policy, rules }, taskOf({}).facts);
  expect(sets({ ...record, programs })).toEqual(sets(record));
});

it("a rule that moves down takes its addresses along, and the one that takes its place does not get them", async () => {
  const record = await running([to("db")], db);
  const partly = await becomes(record, [to("web", 10), to("db")], {});
  expect(sets(partly)).toEqual([[], ["10.0.0.1", "10.0.0.2"]]);
  const swapped = await becomes(partly, [to("db"), to("web", 10)], {});
  expect(sets(swapped)).toEqual([["10.0.0.1", "10.0.0.2"], []]);
});

it("of two rules with one set the one that changes its selector keeps the addresses, the other one as well", async () => {
  const record = await running([to("db", 10), { ...to("db", 11), bandwidth: { rate: 1000 } }], db);
  const partly = await becomes(record, [to("web", 10), { ...to("db", 11), bandwidth: { rate: 1000 } }], db);
  expect(sets(partly)).toEqual([
    ["10.0.0.1", "10.0.0.2"],
    ["10.0.0.1", "10.0.0.2"],
  ]);
});

it("beside blocks every address is as it was or as it shall be", async () => {
  const record = await running([to("db", 20, blocks("192.0.2.64/26"))], db);
  const had = ["10.0.0.1", "10.0.0.2", "192.0.2.0/24", "192.0.2.64/26 nomatch"];
  expect([...(sets(record)[0] ?? [])].toSorted()).toEqual(had);
  const partly = await becomes(record, [to("db", 20, blocks("192.0.2.64/26")), { dscp: 3 }], {});
  expect([...(sets(partly)[0] ?? [])].toSorted()).toEqual(had);
  const edited = await becomes(record, [to("db", 20, blocks("192.0.2.128/26"))], {});
  expect([...(sets(edited)[0] ?? [])].toSorted()).toEqual([...had, "192.0.2.128/26 nomatch"].toSorted());
});
