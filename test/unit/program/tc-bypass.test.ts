/** Filters of others before ours, as tc printed them: whether packets can pass beside ours, and who is told. */
import { describe, expect, it } from "vitest";
import { policeBucket } from "../../../plugin/datapath/rates.ts";
import { policer, redirect } from "../../../plugin/datapath/shaper.ts";
import { bypassOf } from "../../../plugin/program/tc/bypass/bypass.ts";
import { coversAll } from "../../../plugin/program/tc/bypass/cover.ts";
import { tcNotes } from "../../../plugin/program/tc/bypass/notes.ts";
import { letsPass } from "../../../plugin/program/tc/bypass/verdicts.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { parseTc, type ObservedDevice } from "../../../plugin/program/tc/parse.ts";
import { completed, drift, type Program } from "../../../plugin/program/program.ts";
import { cases, dev, ifb } from "../fixtures/tc/cases.ts";
import { capOf } from "../support/cap.ts";
import { fixture } from "../support/fixture.ts";

const device = (name: string): ObservedDevice => parseTc(dev, fixture("fixtures", "tc", `${name}.txt`));
const [holder, alone] = policer(dev, "ingress", policeBucket(capOf(20e6), 1500), "matchall");
const guard = { ...alone, isGuard: true } as const;

const extents = {
  "small/before-bpf-direct": "some",
  "small/before-bpf-classid": "some",
  "small/before-u32-halves": "all",
  "small/before-u32-half": "some",
  "small/before-u32-host": "little",
  "small/before-u32-of-ipv6": "all",
  "stock/before-bpf-pass": "some",
  "stock/before-bpf-continue": undefined,
  "stock/before-flower-without-keys": "all",
  "stock/before-flower-classid": "all",
  "stock/before-flower-halves": "all",
  "stock/before-flower-port": "little",
  "stock/before-flower-drop": undefined,
  "stock/before-flower-goto": "all",
  "stock/before-flower-pipe": "all",
  "stock/before-flower-of-vlan": undefined,
  "stock/before-basic": "all",
  "stock/before-matchall-of-ip": "all",
  "stock/before-matchall-of-arp": undefined,
  "stock/before-matchall-mirror": "all",
  "stock/before-matchall-mirror-continue": undefined,
  "stock/before-matchall-random": "all",
  "stock/before-police-drop": "all",
  "stock/before-u32-halves-with-actions": "all",
  "stock/before-u32-table": "some",
  "stock/before-fw": "some",
  "stock/before-flow": "some",
} as const;

describe("what gets past a filter of ours", () => {
  it.each(Object.entries(extents))("by %s: %s", (name, extent) => {
    expect(bypassOf(alone, device(name))?.extent).toBe(extent);
    expect(bypassOf({ ...alone, hook: "egress" }, device(name))).toBeUndefined();
    expect(bypassOf({ ...alone, pref: 1 }, device(name))).toBeUndefined();
  });

  it("is asked of every filter that was captured", () => {
    const captured = cases.filter(({ name }) => name.startsWith("before-"));
    expect(captured.map(({ kernel, name }) => `${kernel}/${name}`).toSorted()).toEqual(
      Object.keys(extents).toSorted(),
    );
  });

  it("is nothing where filters stand behind it", () => {
    expect(bypassOf(alone, device("small/beside-foreign-filters"))?.extent).toBe("little");
    expect(bypassOf({ ...alone, pref: 2 }, device("small/beside-foreign-filters"))).toBeUndefined();
  });
});

describe("a filter that alone holds a cap", () => {
  const redirection = redirect(dev, "u32", ifb);

  it.each([
    ["a policer", [holder, alone]],
    ["a redirect", redirection],
  ] as const)("is refused where everything gets past %s, and CHECK fails", (_, wanted) => {
    const seen = [device("small/before-u32-halves")];
    const { conflicts, add } = tcDelta(wanted, seen);
    expect(conflicts).toEqual([
      expect.stringMatching(/not ours take every packet.*00000000\/8.*80000000\/8/),
    ]);
    expect(add).toEqual([]);
    expect(beside(wanted, seen)).toHaveLength(1);
  });

  it("is made where some may get past it, which is warned of, and CHECK fails", () => {
    const seen = [device("small/before-bpf-direct")];
    expect(tcDelta([holder, alone], seen)).toEqual({ conflicts: [], remove: [], add: [alone] });
    expect(tcNotes([holder, alone], seen)).toEqual([
      { level: "warn", text: expect.stringContaining("not limited for that") as string },
    ]);
    expect(beside([holder, alone], seen)).toEqual([expect.stringContaining("pref 1 bpf")]);
  });

  it("is well where one address gets past it: a line for the log", () => {
    const seen = [device("small/before-u32-host")];
    expect(tcNotes([holder, alone], seen).map(({ level }) => level)).toEqual(["info"]);
    expect(beside([holder, alone], seen)).toEqual([]);
  });
});

describe("a guard, behind which a shaper holds the cap", () => {
  it.each(["small/before-u32-halves", "small/before-bpf-direct"])("is made behind %s: a warning", (name) => {
    const seen = [device(name)];
    expect(tcDelta([holder, guard], seen).conflicts).toEqual([]);
    expect(tcNotes([holder, guard], seen)).toEqual([
      { level: "warn", text: expect.stringContaining("NET_ADMIN") as string },
    ]);
    expect(beside([holder, guard], seen)).toEqual([]);
  });
});

const ofNode = (objects: readonly TcObject[]): Program => ({ tool: "tc", place: "node", objects });

describe("a guard in a record of 0.1.0, which did not say that it is one", () => {
  const recorded = ofNode([holder, alone]);
  const behindBpf = (planned: readonly Program[]): readonly string[] => {
    const seen = [{ ...device("small/before-bpf-direct"), objects: [holder, alone] }];
    return drift([{ program: completed(recorded, planned), seen }]);
  };

  it("is a guard where one is planned now: what passes beside it is no fault", () => {
    expect(behindBpf([ofNode([holder, guard])])).toEqual([]);
  });

  it.each([
    ["a policer that alone holds the cap is planned", [ofNode([holder, alone])]],
    ["a guard of another rate is planned", [ofNode([holder, { ...guard, rate: guard.rate + 1 }])]],
    ["a guard at the other hook is planned", [ofNode([holder, { ...guard, hook: "egress" }])]],
    ["a guard is planned in the pod", [{ ...ofNode([holder, guard]), place: "pod" }]],
    ["nothing is planned", []],
  ] as const)("is none where %s", (_, planned) => {
    expect(behindBpf(planned)).toEqual([expect.stringContaining("pref 1 bpf")]);
  });
});

/** What CHECK would say once ours stands there. */
const beside = (wanted: readonly TcObject[], seen: readonly ObservedDevice[]): readonly string[] =>
  tcDrift(
    wanted,
    seen.map((each) => ({ ...each, objects: wanted })),
  );

/** "0-1": the first bit must be 0, the third 1. */
const bits = (text: string): ReadonlyMap<string, boolean> =>
  new Map([...text].flatMap((each, at) => (each === "-" ? [] : [[`${at}`, each === "1"] as const])));

describe("conditions", () => {
  it.each([
    [["--"], true],
    [["0-", "1-"], true],
    [["0-", "10", "11"], true],
    [["0-", "-0", "11"], true],
    [["0-", "10"], false],
    [["0-", "-0"], false],
    [["00", "01", "10"], false],
    [[], false],
  ])("%j together leave nothing out: %s", (conditions, all) => {
    expect(coversAll(conditions.map(bits))).toBe(all);
  });

  it("of ten thousand networks are not tried out one by one", () => {
    const networks = Array.from({ length: 10_000 }, (_, at) => bits(at.toString(2).padStart(24, "0")));
    expect(coversAll(networks)).toBe(false);
  });
});

it.each([
  ["gact action pass random type none pass val 0", true],
  ["gact action continue random type none pass val 0", false],
  ["gact action continue random type determ drop val 2", false],
  ["gact action pipe random type none pass val 0", true],
  ["mirred (Egress Redirect to device pass0) stolen", true],
  ["mirred (Egress Mirror to device drop) continue", false],
  ["skbedit mark 5 pipe action order 2: gact action drop", false],
  [" police 0x1 rate 1Mbit burst 10Kb mtu 2Kb action drop/continue overhead 0b", false],
  [" police 0x1 rate 1Mbit burst 10Kb mtu 2Kb action drop overhead 0b", true],
  [" police 0x1 rate 1Mbit burst 10Kb mtu 2Kb action continue/drop overhead 0b", false],
])("a packet that meets %j may pass: %s", (action, passes) => {
  expect(letsPass(`filter protocol all pref 1 matchall chain 0 handle 0x1 action order 1: ${action}`)).toBe(
    passes,
  );
});
