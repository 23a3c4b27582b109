import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adviceOn } from "../../../../plugin/policy/rule/advice.ts";
import { isNothing, reachCovers, reachesMeet, reachOf } from "../../../../plugin/policy/rule/cover.ts";
import { decide } from "../../../../plugin/policy/rule/model.ts";
import { markAll } from "../../../../plugin/policy/policy.ts";
import type { Rule } from "../../../../plugin/policy/rule/rule.ts";
import { crowding } from "../../../lab/measure/machine.ts";
import { repetitions } from "../../../lab/measure/repetitions.ts";
import { classified, rulesOf, to } from "../../support/rule.ts";

const rule = (sides: object) => classified(sides);
const ruleCovers = (outer: Rule, inner: Rule): boolean => reachCovers(reachOf(outer), reachOf(inner));
const rulesOverlap = (a: Rule, b: Rule): boolean => reachesMeet(reachOf(a), reachOf(b));
const matchesNothing = (one: Rule): boolean => isNothing(reachOf(one));
const everyV4 = { to: [to("0.0.0.0/0")] };
const tcp = { protocol: "TCP" };

const netsIn = (at: number): readonly string[] =>
  Array.from({ length: 50 }, (_, hole) => `10.${at % 256}.${hole}.0/24`);

describe("2000 rules with 50 exceptions each", () => {
  const kinds: Readonly<Record<string, (at: number) => object>> = {
    "that share nothing": (at) => to(`${10 + (at >> 8)}.${at % 256}.0.0/16`),
    "that share nearly all": (at) => to("0.0.0.0/0", ...netsIn(at), `192.0.${at >> 8}.${at % 256}/32`),
    "of IPv6": (at) => to("2001:db8::/32", ...netsIn(at).map((_, hole) => `2001:db8:${at}:${hole}::/64`)),
  };
  it.each(Object.entries(kinds))(
    "%s are held against each other in no time that a person would notice",
    async (_, block) => {
      const rules = Array.from({ length: 2000 }, (__, at) => rule({ to: [block(at)] }));
      // Its own processor time: what else runs meanwhile is no part of it, but makes a processor slower.
      const before = process.cpuUsage();
      expect(adviceOn(rules)).toEqual([]);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(8_000 * (await crowding()));
    },
  );
});

describe("a rule covers another", () => {
  it.each<readonly [string, object, object, boolean]>([
    ["with no conditions", {}, { to: [to("10.0.0.0/8")], ports: [tcp] }, true],
    ["not where it has one and the other none", everyV4, {}, false],
    ["with a wider block", { to: [to("10.0.0.0/8")] }, { to: [to("10.1.0.0/16")] }, true],
    ["not with a narrower one", { to: [to("10.1.0.0/16")] }, { to: [to("10.0.0.0/8")] }, false],
    ["not of another family", everyV4, { to: [to("::/0")] }, false],
    ["with both families", { to: [to("0.0.0.0/0"), to("::/0")] }, {}, true],
    [
      "with two blocks that make up one",
      { to: [to("10.0.0.0/9"), to("10.128.0.0/9")] },
      { to: [to("10.0.0.0/8")] },
      true,
    ],
    [
      "not where a hole of its own is in the way",
      { to: [to("10.0.0.0/8", "10.1.0.0/16")] },
      { to: [to("10.0.0.0/8")] },
      false,
    ],
    [
      "with a hole where the other has one as well",
      { to: [to("10.0.0.0/8", "10.1.2.0/24")] },
      { to: [to("10.0.0.0/8", "10.1.0.0/16")] },
      true,
    ],
    [
      "with a hole that another block fills",
      { to: [to("10.0.0.0/8", "10.1.0.0/16"), to("10.1.0.0/16")] },
      { to: [to("10.0.0.0/8")] },
      true,
    ],
    [
      "not with half of a hole filled",
      { to: [to("10.0.0.0/8", "10.1.0.0/16"), to("10.1.0.0/17")] },
      { to: [to("10.0.0.0/8")] },
      false,
    ],
    ["with a whole protocol", { ports: [tcp] }, { ports: [{ ...tcp, port: 80 }] }, true],
    ["not with one port of it", { ports: [{ ...tcp, port: 80 }] }, { ports: [tcp] }, false],
    [
      "not with all protocols of ports: there is ICMP",
      { ports: [tcp, { protocol: "UDP" }, { protocol: "SCTP" }] },
      {},
      false,
    ],
    ["not where the sources differ", { from: [to("10.0.0.0/8")] }, { from: [to("192.0.2.0/24")] }, false],
    [
      "in the one family that the other can match in",
      { from: [to("10.0.0.0/8")] },
      { to: [to("192.0.2.0/24"), to("::/0")], from: [to("10.0.0.0/8")] },
      true,
    ],
  ])("%s", (_, outer, inner, expected) => {
    expect(ruleCovers(rule(outer), rule(inner))).toBe(expected);
  });

  it("is settled for thousands of blocks in no time that a person would notice", async () => {
    const holes = Array.from({ length: 5000 }, (__, at) => `10.${at >> 8}.${at & 255}.0/24`);
    const wide = rule({ to: [to("0.0.0.0/0", ...holes)] });
    const began = performance.now();
    expect(ruleCovers(wide, wide)).toBe(true);
    expect(ruleCovers(wide, rule(everyV4))).toBe(false);
    expect(performance.now() - began).toBeLessThan(2_000 * (await crowding()));
  });
});

/** Sixteen addresses, two protocols: a world small enough to ask for every packet in it. */
const addresses = Array.from({ length: 16 }, (_, at) => `10.0.0.${at}`);
const small = fc
  .tuple(fc.nat(15), fc.integer({ min: 28, max: 32 }))
  .map(([host, prefix]) => ({ host: host & (0xff << (32 - prefix)), prefix }));
const smallBlock = fc.tuple(small, fc.array(small, { maxLength: 3 })).map(([net, holes]) => {
  const inside = holes.filter(
    ({ host, prefix }) => prefix > net.prefix && (host & (0xff << (32 - net.prefix))) === net.host,
  );
  return to(cidrOf(net), ...inside.map(cidrOf));
});
const smallRule = fc
  .record({
    to: fc.array(smallBlock, { minLength: 1, maxLength: 3 }),
    from: fc.constant([to("10.0.0.0/8")]),
    ports: fc.array(
      fc.constantFrom({ protocol: "TCP" }, { protocol: "TCP", port: 80 }, { protocol: "UDP" }),
      {
        maxLength: 2,
      },
    ),
  })
  .map(rule);

function cidrOf({ host, prefix }: { readonly host: number; readonly prefix: number }): string {
  return `10.0.0.${host}/${prefix}`;
}

function packetsOf(one: Rule): readonly string[] {
  const services = [
    ["TCP", 80],
    ["TCP", 81],
    ["UDP", 80],
    ["ICMP", undefined],
  ] as const;
  return addresses.flatMap((destination) =>
    services
      .filter(([protocol, port]) => decide([one], { source: "10.0.0.1", destination, protocol, port }) === 0)
      .map(([protocol, port]) => `${destination} ${protocol} ${port}`),
  );
}

it("covering, overlapping and matching nothing are what they are for every packet there is", () => {
  fc.assert(
    fc.property(smallRule, smallRule, (a, b) => {
      const [ofA, ofB] = [packetsOf(a), packetsOf(b)];
      expect(ruleCovers(a, b)).toBe(ofB.every((one) => ofA.includes(one)));
      expect(rulesOverlap(a, b)).toBe(ofA.some((one) => ofB.includes(one)));
      expect(matchesNothing(a)).toBe(ofA.length === 0);
    }),
    { numRuns: repetitions(15_000) },
  );
});

const inObject = (object: string, rules: readonly Rule[]) =>
  rules.map((one, at) => ({ ...one, source: `NetworkQoS ${object} egress[${at}] (a.yaml)` }));

describe("advice", () => {
  it.each([
    [
      "one in a block of another",
      [everyV4, { to: [to("10.0.0.0/8")] }],
      "egress[1] can never decide: egress[0] comes first",
    ],
    ["one behind a catch-all", [{}, { ports: [tcp] }], "egress[1] can never decide: egress[0]"],
    [
      "families that never meet",
      [{ to: [to("10.0.0.0/8")], from: [to("2001:db8::/32")] }],
      "egress[0] can never match",
    ],
    [
      "exceptions that leave nothing",
      [{ to: [to("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9")] }],
      "egress[0] can never match",
    ],
  ])("tells of %s", (_, classifiers, text) => {
    const rules = rulesOf(...classifiers.map((classifier, dscp) => ({ dscp, classifier })));
    expect(adviceOn(rules)).toEqual([expect.stringContaining(text)]);
  });

  it("tells of a mark for all that an earlier rule takes all from", () => {
    expect(adviceOn([...rulesOf({ dscp: 1 }), markAll("annotation pod-qos/dscp", 5)])).toEqual([
      "annotation pod-qos/dscp can never decide: egress[0] comes first and takes all that it would",
    ]);
  });

  it("tells that what is limited without a mark gets none from the mark for all", () => {
    const rules = [
      ...rulesOf({ bandwidth: { rate: 1 }, classifier: everyV4 }, { classifier: { ports: [tcp] } }),
    ];
    expect(adviceOn([...rules, markAll("defaults.dscp", 5)])).toEqual([
      "what egress[0] limits does not get the mark of defaults.dscp: give it a dscp as well",
    ]);
    expect(adviceOn(rules)).toEqual([]);
  });

  it("names the mark that decides, where there are two for all", () => {
    const rules = rulesOf({ bandwidth: { rate: 1 }, classifier: everyV4 }, { dscp: 10 });
    expect(adviceOn([...rules, markAll("defaults.dscp", 5)])).toEqual([
      expect.stringContaining("defaults.dscp can never decide"),
      "what egress[0] limits does not get the mark of egress[1]: give it a dscp as well",
    ]);
  });

  const upstream = "OVN-Kubernetes would let the later one decide";

  it.each([
    [
      "rules of one NetworkQoS that both match",
      [
        { dscp: 1, classifier: { ports: [tcp] } },
        { dscp: 2, classifier: everyV4 },
      ],
      [expect.stringContaining(upstream)],
    ],
    [
      "rules that share no packet",
      [
        { dscp: 1, classifier: { ports: [tcp] } },
        { dscp: 2, classifier: { ports: [{ protocol: "UDP" }] } },
      ],
      [],
    ],
    [
      "rules that do the same",
      [
        { dscp: 1, classifier: { ports: [tcp] } },
        { dscp: 1, classifier: everyV4 },
      ],
      [],
    ],
  ])("002-12 tells where upstream would decide otherwise: %s", (_, rules, expected) => {
    expect(adviceOn(inObject("default/a", rulesOf(...rules)))).toEqual(expected);
  });

  it("does not tell so of two objects: their priorities say which one comes first, there as here", () => {
    const [first = [], second = []] = ["default/a", "default/b"].map((object) =>
      inObject(object, rulesOf({ dscp: object.length, classifier: { ports: [tcp] } })),
    );
    const other = second.map((one) => ({ ...one, dscp: 9, services: [], to: classified(everyV4).to }));
    expect(adviceOn([...first, ...other])).toEqual([]);
  });
});
