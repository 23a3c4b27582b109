/** Every cell of the design's table of caps, on this kernel: made, found as wanted, left alone when made again, removed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { markAll, type Policy } from "../../plugin/policy/policy.ts";
import type { Rule } from "../../plugin/policy/rule/rule.ts";
import { parseRules } from "../../plugin/policy/rule/rules.ts";
import { drive, type Steps } from "../lab/plugin/drive.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type LinkKind } from "../lab/plugin/plug.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const cap = (rate: number) => ({ rate, burst: undefined, source: "test", burstSource: undefined });
const none: Policy = {
  ingress: undefined,
  egress: undefined,
  rules: [],
  discipline: "shape",
  enforce: "auto",
  warnings: [],
};

const to = (cidr: string, ...except: readonly string[]): object => ({ ipBlock: { cidr, except } });
const rules: readonly Rule[] = [
  ...parseRules(
    "test",
    [
      { dscp: "EF", classifier: { ports: [{ protocol: "TCP", port: 443 }, { protocol: "SCTP" }] } },
      {
        bandwidth: { rate: 2000, burst: 100 },
        classifier: { to: [to("0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32")] },
      },
      {
        dscp: 20,
        bandwidth: { rate: 64, discipline: "shape" },
        classifier: { to: [to("2001:db8::/32", "2001:db8:1::/48")] },
      },
      { classifier: { from: [to("192.0.2.1/32"), to("2001:db8::1/128")] } },
    ],
    "own list",
  ),
  markAll("test", 8),
];

const wishes: readonly (readonly [string, Partial<Policy>])[] = [
  ["an egress cap", { egress: cap(10e6) }],
  ["an ingress cap", { ingress: cap(20e6) }],
  ["both caps and a mark", { egress: cap(10e6), ingress: cap(20e6), rules: [markAll("test", 46)] }],
  ["both caps, the lowest and the highest there are", { egress: cap(1e3), ingress: cap(1e15) }],
  ["a mark alone", { rules: [markAll("test", 0)] }],
  ["rules", { rules }],
  ["rules with limits inside a cap", { egress: cap(10e6), rules }],
];

const cells = (["shape", "police"] as const).flatMap((discipline) =>
  (["auto", "pod"] as const).flatMap((enforce) =>
    wishes.map(
      ([what, wish]) => [what, discipline, enforce, { ...none, ...wish, discipline, enforce }] as const,
    ),
  ),
);

/** A small kernel has no policer, and neither fq_codel nor a guard with a shaper. What is in a pod is on ipvlan as on macvlan. */
const ofStock =
  (kind: LinkKind) =>
  ([what, discipline, enforce]: (typeof cells)[number]): boolean =>
    kind !== "macvlan" && what === "both caps and a mark" && (discipline === "police" || enforce === "auto");

const life: Steps = [
  ...(["apply", "drift", "look"] as const),
  ...(["apply over", "drift", "look"] as const),
  ...(["remove", "remove", "look"] as const),
];

/** Where there is no end on the node, "auto" is "pod". */
const holds = (kind: LinkKind): void => {
  const distinct = cells.filter(([, , enforce]) => kind === "veth" || enforce === "auto");
  const chosen = paced(`cell on ${kind}`, distinct, 0, ofStock(kind));
  it.each(chosen)("%s, %s, enforce %s", async (_what, _discipline, _enforce, policy) => {
    const pod = await plug(node, { kind });
    const { outcomes } = await drive(pod, policy, "look", ...life);
    const [before, , , made] = outcomes;
    expect(made).not.toEqual(before);
    expect(outcomes).toEqual([before, [], [], made, [], [], made, [], [], before]);
    await pod.unplug();
    await pod.pod.remove();
  });
};

describe("on a veth", () => holds("veth"));
suite("on a macvlan", { features: ["macvlan"] }, () => holds("macvlan"));
suite("004-6 on an ipvlan, which has no end on the node", { features: ["ipvlan"] }, () => holds("ipvlan"));
