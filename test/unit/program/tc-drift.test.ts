/** Whatever single thing somebody changes on an object of ours, CHECK names the object and ADD puts it right. */
import { describe, expect, it } from "vitest";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { describeTc, type Leaf, type TcObject } from "../../../plugin/program/tc/objects.ts";
import type { ObservedDevice } from "../../../plugin/program/tc/parse.ts";

const dev = "eth0";
const leaf = (queue: Leaf): TcObject => ({ kind: "leaf", dev, parent: "905:1", handle: "906:", queue });
const htb: TcObject = { kind: "htb", dev, handle: "905:", defaultClass: "1", directPackets: 0 };
const clsact: TcObject = { kind: "clsact", dev };
const limits = { rate: 2_500_000, burst: 25_000 };

const samples: readonly TcObject[] = [
  htb,
  {
    kind: "htb-class",
    dev,
    parent: "905:",
    classid: "905:1",
    ...limits,
    ceil: 2_500_000,
    cburst: 25_000,
    quantum: 1514,
  },
  leaf({ kind: "fq_codel", limitPackets: 1024, targetMicros: 5_000, intervalMicros: 100_000, quantum: 1514 }),
  leaf({ kind: "bfifo", limitBytes: 131_072 }),
  leaf({ kind: "pfifo", limitPackets: 1 }),
  leaf({ kind: "tbf", rate: 125_000_000, burst: 1_770, limitBytes: 28_320 }),
  clsact,
  { kind: "police", dev, hook: "ingress", pref: 9, matcher: "matchall", ...limits },
  { kind: "redirect", dev, hook: "ingress", pref: 65_000, matcher: "u32", to: "pq0123456789abc" },
];

/** Both matchers take every packet, so which of them stands there is no difference. */
const immaterial = new Set(["kind", "matcher"]);

type Change = { readonly what: string; readonly wanted: TcObject; readonly altered: TcObject };

const changes: readonly Change[] = samples.flatMap((wanted) => [
  ...alterations(wanted).map((altered) => change(wanted, altered)),
  ...(wanted.kind === "leaf"
    ? alterations(wanted.queue).map((queue) => change(wanted, { ...wanted, queue }))
    : []),
]);

function change(wanted: TcObject, altered: TcObject): Change {
  return { what: `${describeTc(wanted)} as ${JSON.stringify(altered)}`, wanted, altered };
}

/** One copy per field, that field changed. */
function alterations<Value extends object>(value: Value): readonly Value[] {
  return Object.entries(value).flatMap(([field, was]: [string, unknown]) => {
    if (immaterial.has(field) || typeof was === "object") return [];
    const altered =
      field === "hook" ? "egress" : typeof was === "number" ? was * 2 || 1000 : `${String(was)}1`;
    return [{ ...value, [field]: altered }];
  });
}

function seen(objects: readonly TcObject[]): readonly ObservedDevice[] {
  return [...new Set(objects.map((object) => object.dev))].map((name) => ({
    dev: name,
    exists: true,
    objects: objects.filter((object) => object.dev === name),
    occupants: [],
    foreignFilters: [],
    lastFilters: [],
    rootFilters: [],
  }));
}

describe("a single altered field", () => {
  it.each(changes)("$what is told", ({ wanted, altered }) => {
    const sentences = tcDrift([wanted], seen([altered]));
    expect(sentences).toEqual([
      expect.stringMatching(new RegExp(`^${escaped(describeTc(wanted))}(?::| is missing)`)),
    ]);
  });

  it.each(changes.filter(({ wanted }) => wanted.kind !== "leaf" && wanted.kind !== "htb-class"))(
    "$what is put right by ADD",
    ({ wanted, altered }) => {
      const { conflicts, add } = tcDelta([wanted], seen([altered]));
      expect([conflicts, add]).toEqual([[], [wanted]]);
    },
  );

  it("covers every kind and 25 fields", () => {
    expect(new Set(changes.map(({ wanted }) => wanted.kind)).size).toBe(6);
    expect(changes.length).toBeGreaterThan(25);
  });
});

describe("what nobody asked for in a tree of ours", () => {
  const extra: TcObject = { ...(samples[1] as Extract<TcObject, { kind: "htb-class" }>), classid: "905:2" };

  it("a class is told", () => {
    expect(tcDrift([htb], seen([htb, extra]))).toEqual([
      "htb class 905:2 on eth0 is there, though nothing asks for it",
    ]);
  });

  it("a filter, which could send a packet past its limit, is told", () => {
    const text = "filter parent 905: protocol all pref 1 u32 chain 0 flowid 905:2";
    const [device] = seen([htb]);
    expect(tcDrift([htb], device === undefined ? [] : [{ ...device, rootFilters: [text] }])).toEqual([
      `root qdisc htb 905: on eth0 has a filter that is not ours: "${text}"`,
    ]);
  });

  it("ADD makes the tree anew", () => {
    expect(tcDelta([htb], seen([htb, extra]))).toEqual({ conflicts: [], remove: [htb], add: [htb] });
  });
});

describe("another queue", () => {
  const codel = {
    kind: "fq_codel",
    limitPackets: 1024,
    targetMicros: 5_000,
    intervalMicros: 100_000,
  } as const;

  it.each([
    [
      "its target",
      leaf({ ...codel, quantum: 1514, targetMicros: 5_100 }),
      "targetMicros is 5100, wanted 5000",
    ],
    ["its limit", leaf({ ...codel, quantum: 1514, limitPackets: 1044 }), "limitPackets is 1044, wanted 1024"],
    ["its quantum", leaf({ ...codel, quantum: 1490 }), "quantum is 1490, wanted 1514"],
  ])("that is 2 % off in %s is told", (_, observed, sentence) => {
    const wanted = leaf({ ...codel, quantum: 1514 });
    expect(tcDrift([wanted], seen([observed]))).toEqual([`leaf qdisc fq_codel 906: on eth0: ${sentence}`]);
  });

  it("of another kind under our handle is told", () => {
    const wanted = leaf({ kind: "bfifo", limitBytes: 1 });
    const other = leaf({ kind: "pfifo", limitPackets: 1 });
    expect(tcDrift([wanted], seen([other]))).toEqual([
      "leaf qdisc bfifo 906: on eth0: kind is pfifo, wanted bfifo",
    ]);
  });
});

it.each(samples)("$kind: nothing is said, and nothing done, where all is as wanted", (object) => {
  expect(tcDrift([object], seen([object]))).toEqual([]);
  expect(tcDelta([object], seen([object]))).toEqual({ conflicts: [], remove: [], add: [] });
});

it("the sentences say what is and what should be, in an operator's units", () => {
  const [, wanted] = samples;
  if (wanted?.kind !== "htb-class") throw new Error("the second sample is the class");
  const altered = { ...wanted, rate: 1_250_000, burst: 9_000, quantum: 3_000 };
  expect(tcDrift([wanted], seen([altered]))).toEqual([
    "htb class 905:1 on eth0: rate is 10000000 bit/s, wanted 20000000 bit/s",
    "htb class 905:1 on eth0: burst is 9000 bytes, wanted 25000",
    "htb class 905:1 on eth0: quantum is 3000 bytes, wanted 1514",
  ]);
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
