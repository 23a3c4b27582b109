import { describe, expect, it } from "vitest";
import { report, type Findings, type Report } from "../../../plugin/report/report.ts";
import { amount, bar, fit, listText } from "../../../plugin/cli/show/text.ts";
import { inspectText } from "../../../plugin/cli/show/inspection.ts";
import type { Step } from "../../../plugin/report/step.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import type { Node, Reading } from "../../../plugin/report/node.ts";
import { uplinkOf, runbook } from "../support/uplink.ts";

const node: Node = {
  attachments: [
    {
      version: 1,
      identity: { network: "podnet", containerId: "c1", ifname: "eth0" },
      netns: "/run/netns/a",
      netnsId: "4:1",
      pod: "pod prod/seeder-with-a-very-long-name",
      facts: undefined,
      programs: [],
      limits: { egress: 50e6, dscp: 8, rules: 2 },
      membership: {
        device: "eth0",
        class: "bulk-seed",
        members: [{ set: "bulkseed-pods", address: "192.0.2.7" }],
      },
    },
  ],
  unreadable: [],
  uplinks: [{ ...uplinkOf(runbook), network: "podnet" }],
  troubles: [],
};

function fail(what: string): never {
  throw new Error(what);
}

const counters = { packets: 1, dropped: 3, backlogBytes: 0 };
const reading = (atMs: number, bytes: number): Reading => ({
  atMs,
  links: [{ sentBytes: bytes, receivedBytes: 1000 }],
  classes: new Map([
    [
      "eth0",
      ["1:1", "1:10", "1:20"].map((classid) => ({
        ...counters,
        classid,
        bytes: classid === "1:10" ? 0 : bytes,
      })),
    ],
  ]),
});
const seen: Report = report(node, reading(0, 1_000_000), reading(500, 4_000_000), {
  drops: [27],
  uplinks: [],
});

describe("show", () => {
  it("000-14 draws what each pod and class uses of what it may", () => {
    expect(listText(seen, { colour: false, width: 80 })).toBe(
      [
        "POD              IF    LINK   CLASS     DSCP      SENDS/CAP   RECEIVES/CAP DROPS",
        "prod/seeder-wit… eth0  unkno… bulk-seed 8+      48M/50M 96%              0    27",
        "",
        "eth0  950Mbit/s, now 48M  (conf of podnet)",
        "   CLASS              RATE   CEIL    NOW                      PODS  DROPPED",
        "├─ 1:10 default       450M   950M      0 ·········|··········    0        3",
        "└─ 1:20 bulk-seed     500M   950M    48M █··········|········    1        3",
      ].join("\n"),
    );
  });

  it("colours what is held back, where colours are wanted", () => {
    const text = listText(seen, { colour: true, width: 80 });
    expect(text).toContain("\u001B[33m   48M/50M 96%\u001B[0m");
    expect(text.startsWith("\u001B[1mPOD ")).toBe(true);
  });

  it("has room for what went through so far where the terminal has", () => {
    const [header, row] = listText(seen, { colour: false, width: 120 }).split("\n");
    expect(header).toMatch(/ DROPS {4}SENT RECEIVED$/);
    expect(row).toMatch(/ 27 {5}4MB {6}1kB$/);
  });

  it("says so where there is nothing, and knows no rate of a counter that began anew", () => {
    const nothing = { attachments: [], unreadable: [], uplinks: [] };
    expect(listText(nothing, { colour: false, width: 80 })).toMatch(/^No pod on this node/);
    expect(listText({ ...nothing, unreadable: ["a.json is torn"] }, { colour: false, width: 80 })).toBe(
      "UNHEALTHY: a.json is torn",
    );
    const broken = report(node, reading(0, 0), reading(500, 0), {
      drops: [0],
      uplinks: [{ kept: [], faults: ["root qdisc htb 1: on eth0 is missing"] }],
    });
    expect(listText(broken, { colour: false, width: 80 })).toContain(
      "UNHEALTHY: root qdisc htb 1: on eth0 is missing",
    );
    const anew = report(node, reading(0, 5000), reading(500, 4000), { drops: [undefined], uplinks: [] });
    expect(anew.attachments[0]?.sends).toEqual({ cap: 50e6, bytes: 4000, rate: null });
    expect(listText(anew, { colour: false, width: 80 })).toContain("-/50M");
  });
});

it("names the classes that are kept, and for whom", () => {
  const { classes } = uplinkOf(runbook);
  const alone = {
    ...node,
    uplinks: [{ ...uplinkOf(runbook), classes: classes.slice(0, 1), network: "podnet" }],
  };
  const keeping = (of: Node): string =>
    listText(
      report(of, reading(0, 1_000_000), reading(500, 4_000_000), {
        drops: [27],
        uplinks: [{ kept: classes.slice(1), faults: [] }],
      }),
      { colour: false, width: 80 },
    );
  const [, , , , , , row, ...notes] = keeping(alone).split("\n");
  expect(row).toBe("└─ 1:20 bulk-seed     500M   950M    48M █··········|········    1        3");
  expect(notes).toEqual([
    "   KEPT: class bulk-seed, which the conf no longer has, for",
    "       prod/seeder-with-a-very-long-name eth0",
  ]);
  expect(keeping({ ...alone, attachments: [] })).toContain("no longer has; no pod is in it any more");
});

const beside = (uplinks: Node["uplinks"], findings: Findings["uplinks"], of = node): Report =>
  report({ ...of, uplinks }, reading(0, 1), reading(500, 1), { drops: [0], uplinks: findings });
const goneIn = ({ attachments }: Report): string | null | undefined => attachments[0]?.gone;

describe("a pod whose class its uplink has no more", () => {
  const { classes, ...rest } = uplinkOf(runbook);
  const standing = { ...rest, classes: classes.slice(0, 1), network: "podnet" };
  const sentence = "the uplink eth0 has no class bulk-seed any more";

  it("is not shown as if the class were there", () => {
    const gone = beside([standing], [{ kept: [], faults: [] }]);
    expect(goneIn(gone)).toBe(sentence);
    const [, row, ...notes] = listText(gone, { colour: false, width: 80 }).split("\n");
    expect(row).toContain(" (bulk-se… 8+ ");
    expect(notes.slice(0, 2)).toEqual([
      "UNHEALTHY: prod/seeder-with-a-very-long-name eth0: the uplink eth0 has no class",
      "    bulk-seed any more",
    ]);
  });

  it("is told where the whole uplink is gone", () => {
    expect(goneIn(beside([], []))).toMatch(/^no uplink eth0 is known any more/);
  });

  it("is no fault while the class is kept for it, or while nobody looks whether it is", () => {
    const former = classes.slice(1);
    expect(goneIn(beside([standing], [{ kept: former, faults: [] }]))).toBeNull();
    expect(goneIn(beside([{ ...standing, former }], [undefined]))).toBeNull();
    expect(goneIn(beside([{ ...standing, former }], [{ kept: [], faults: [] }]))).toBe(sentence);
    expect(goneIn(seen)).toBeNull();
  });

  it("is no fault of one that is being deleted, or that has no class", () => {
    const [record] = node.attachments;
    const { membership, ...bare } = record ?? fail("no record");
    const leaving = membership && { ...bare, membership: { ...membership, leaving: true as const } };
    const looked = [{ kept: [], faults: [] }];
    for (const one of [leaving ?? bare, bare])
      expect(goneIn(beside([standing], looked, { ...node, attachments: [one] }))).toBeNull();
  });
});

describe("the addresses of a pod", () => {
  const [record] = node.attachments;
  const { membership, ...bare } = record ?? fail("no record");
  const member = { device: "eth0", class: "default", members: [] };
  const addresses = ["192.0.2.7", "2001:db8::7"];
  const asked = { addresses };

  it.each<[string, AttachmentRecord, readonly string[]]>([
    ["in the default class, which has no set", { ...bare, membership: { ...member, addresses } }, addresses],
    ["in no class", { ...bare, asked }, addresses],
    ["that an older build added", { ...bare, ...(membership && { membership }) }, ["192.0.2.7"]],
    ["that an older build added to no set", { ...bare, membership: member }, []],
  ])("%s", (_, one, shown) => {
    const told = report({ ...node, attachments: [one] }, reading(0, 1), reading(500, 1), {
      drops: [0],
      uplinks: [],
    });
    expect(told.attachments[0]?.addresses).toEqual(shown);
  });
});

it("breaks what is wrong into lines of 80 columns, and keeps each word", () => {
  const fault = "the filter of somebody else that stands before ours takes what it can get ".repeat(4).trim();
  const [record] = node.attachments;
  const text = [
    listText({ ...seen, unreadable: [fault] }, { colour: false, width: 80 }),
    listText(
      report(node, reading(0, 1), reading(500, 1), { drops: [0], uplinks: [{ kept: [], faults: [fault] }] }),
      { colour: false, width: 80 },
    ),
    inspectText({
      pod: "prod/x",
      record: record ?? fail("no record"),
      objects: [],
      counters: { dropped: 0 },
      step: { state: "in step", reason: null },
      drift: [fault],
    }),
  ];
  for (const each of text) {
    for (const line of each.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(each.replaceAll(/\n +/g, " ")).toMatch(new RegExp(`UNHEALTHY:? +${fault}$`, "m"));
  }
});

it.each([
  [null, "-"],
  [0, "0"],
  [999, "999"],
  [1000, "1k"],
  [12_345, "12.3k"],
  [999_999, "1M"],
  [200e6, "200M"],
  [1.25e9, "1.25G"],
  [1e15, "1P"],
])("%s is %s in three digits", (value, text) => {
  expect(amount(value)).toBe(text);
});

it.each([
  [0, 0.5, "···|··"],
  [0.5, 0.5, "███|··"],
  [1, 1, "█████|"],
  [2, 0, "|█████"],
])("a bar of %d with a mark at %d", (part, mark, text) => {
  expect(bar(part, mark, 6)).toBe(text);
});

it("what is cut shows", () => {
  expect([fit("abcd", 4), fit("abcde", 4), fit("a", 4)]).toEqual(["abcd", "abc…", "a   "]);
});

describe("what is pending", () => {
  const [record] = node.attachments;
  const pending = "the node's agent is not at work: left out: NetworkQoS prod/web (API)";
  const waiting: Node = {
    ...node,
    attachments: record === undefined ? [] : [{ ...record, labelsFrom: "stale", pending }],
  };
  const told = report(waiting, reading(0, 1), reading(500, 1), { drops: [0], uplinks: [] });

  it("stands below the table, and in the report with whose word the labels are", () => {
    expect(listText(told, { colour: false, width: 80 }).split("\n").slice(2, 4)).toEqual([
      "PENDING: prod/seeder-with-a-very-long-name eth0: the node's agent is not at",
      "    work: left out: NetworkQoS prod/web (API)",
    ]);
    expect(told.attachments[0]).toMatchObject({ pending, labelsFrom: "stale" });
    expect(seen.attachments[0]).toMatchObject({ pending: null, labelsFrom: "unknown" });
  });

  const one = (changes: Partial<AttachmentRecord>): string =>
    record === undefined
      ? ""
      : inspectText({
          pod: "prod/x",
          record: { ...record, ...changes },
          objects: [],
          counters: { dropped: 0 },
          step: { state: "in step", reason: null },
          drift: [],
        });

  it("is told of one pod, beside where its labels come from", () => {
    const asked = { conf: { args: { cni: { labels: { app: "web" } } } } };
    expect(one({ labelsFrom: "agent" })).toContain("  labels       from the node's agent\n");
    expect(one({ labelsFrom: "stale", pending })).toContain(
      "  pending      the node's agent is not at work: left out: NetworkQoS prod/web\n               (API)\n",
    );
    expect(one({ asked })).toContain("  labels       from the runtime\n");
    expect(one({})).toContain("  labels       not known\n");
    expect(one({})).not.toContain("pending");
  });

  it("is told with what each of its limits comes from, and what a ceiling cut", () => {
    const cutFrom = { rate: 90e6, source: "defaults.egressBandwidth" };
    const sources = {
      egress: { source: "the ceiling", cutFrom },
      dscp: "its annotation",
      class: "a selector",
    };
    const text = one({ sources });
    expect(text).toContain(
      "  sends        at most 50Mbit/s by the ceiling, which cuts 90Mbit/s by\n               defaults.egressBandwidth\n",
    );
    expect(text).toContain("  mark         DSCP 8 by its annotation\n");
    expect(text).toContain("  class        bulk-seed of eth0 by a selector\n");
    expect(one({})).toContain("  sends        at most 50Mbit/s\n");
  });
});

describe("whether an attachment has what is requested now", () => {
  const [record] = node.attachments;
  const { identity } = record ?? fail("no record");
  const reason = "its annotation pod-qos/dscp says 99";
  const trouble = { ...identity, reason };
  const other = { ...identity, containerId: "c2", state: "failed", reason } as const;
  const told = (troubles: Node["troubles"]): Report =>
    report({ ...node, troubles }, reading(0, 1), reading(500, 1), { drops: [0], uplinks: [] });

  it.each<readonly [string, Node["troubles"], Step]>([
    ["no agent is at work", null, { state: "unknown", reason: null }],
    ["the agent has trouble with none", [], { state: "in step", reason: null }],
    ["the agent has trouble with another", [other], { state: "in step", reason: null }],
    ["a decision waits", [other, { ...trouble, state: "pending" }], { state: "pending", reason }],
    ["a decision failed", [{ ...trouble, state: "failed" }], { state: "failed", reason }],
  ])("where %s", (_, troubles, step) => {
    expect(told(troubles).attachments[0]?.step).toEqual(step);
    const text = listText(told(troubles), { colour: false, width: 80 });
    const line = `${step.state.toUpperCase()}: prod/seeder-with-a-very-long-name eth0: ${step.reason}`;
    expect(text.replaceAll(/\n +/g, " ").includes(line)).toBe(step.reason !== null);
  });

  it.each<readonly [Step, string]>([
    [{ state: "in step", reason: null }, "  requests     in step: it has what is requested now\n"],
    [{ state: "pending", reason }, `  PENDING      ${reason}\n`],
    [{ state: "failed", reason }, `  FAILED       ${reason}; it keeps what it has\n`],
    [{ state: "unknown", reason: null }, "no agent is at work on\n               this node\n"],
  ])("is said of one pod: %j", (step, line) => {
    const text = inspectText({
      pod: "prod/x",
      record: record ?? fail("no record"),
      objects: [],
      counters: { dropped: 0 },
      step,
      drift: [],
    });
    expect(text).toContain(line);
  });
});
