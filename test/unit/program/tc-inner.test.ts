/** What somebody may do to a queue or a class of ours that none of our own values shows: settings we leave alone, filters of theirs. */
import { describe, expect, it } from "vitest";
import { uplinkState } from "../../../plugin/datapath/uplink/state.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { trafficControl } from "../../../plugin/program/tc/handler.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import { changeTree, foreignSorters, treeFaults } from "../../../plugin/program/tc/tree.ts";
import { cases, dev } from "../fixtures/tc/cases.ts";
import { fixture } from "../support/fixture.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const name = "htb-fq_codel-20M";
const { objects: wanted } = cases.find((each) => each.kernel === "stock" && each.name === name) ?? {
  objects: [],
};
const [root, , leaf] = wanted;
const printed = fixture("fixtures", "tc", "stock", `${name}.txt`);
const queue = "leaf qdisc fq_codel 906: on eth0";

describe("a queue", () => {
  it("is well as the kernel printed it", () => {
    expect(tcDrift(wanted, [parseTc(dev, printed)])).toEqual([]);
  });

  it.each([
    ["memory_limit 32Mb", "memory_limit 1000000b", "its memory_limit is 1000000b, not 32Mb"],
    ["interval 100ms ", "interval 100ms ce_threshold 1ms ", "it has ce_threshold 1ms"],
    ["memory_limit 32Mb ecn", "memory_limit 32Mb", "it is noecn: it drops what it could mark"],
    ["drop_batch 64", "drop_batch 1", "its drop_batch is 1, not 64"],
    ["flows 1024", "flows 1", "its flows is 1, not 1024"],
  ])(
    "with %j that became %j is told, and made anew: a change in place would leave it",
    (has, became, words) => {
      expect(printed).toContain(has);
      const seen = [parseTc(dev, printed.replace(has, became))];
      expect(tcDrift(wanted, seen)).toEqual([`${queue}: ${words}`]);
      expect(tcDelta(wanted, seen)).toEqual({ conflicts: [], remove: [leaf], add: [leaf] });
    },
  );

  it("of a kernel that does not say these is well", () => {
    const old = printed.replace("memory_limit 32Mb ", "").replace(" drop_batch 64", "");
    expect(tcDrift(wanted, [parseTc(dev, old)])).toEqual([]);
  });
});

/** As tc prints the filters of the place that it was asked for: their parent is not in the line. */
const filter = [
  "filter protocol ip pref 5 u32 chain 0 ",
  "filter protocol ip pref 5 u32 chain 0 fh 801: ht divisor 1 ",
  "filter protocol ip pref 5 u32 chain 0 fh 801::800 order 2048 key ht 801 bkt 0 *flowid 905:1 not_in_hw ",
  "  match c0000201/ffffffff at 16",
  "",
].join("\n");
const words =
  /^root qdisc htb 905: on eth0: a class or queue of it has a filter that is not ours: ".* pref 5 /;

describe("a filter of a class or a queue", () => {
  it("is asked for by the class, and by the queue if that can have one", () => {
    const [question] = trafficControl.look(wanted);
    expect(question?.batch.input.split("\n").slice(-3)).toEqual([
      "filter show dev eth0 parent 905:1",
      "filter show dev eth0 parent 906:",
      "",
    ]);
  });

  it("is told once, and the tree it stands in is made anew", () => {
    const seen = [parseTc(dev, printed + filter)];
    expect(tcDrift(wanted, seen)).toEqual([expect.stringMatching(words)]);
    expect(tcDelta(wanted, seen)).toEqual({ conflicts: [], remove: [root], add: wanted });
  });

  it("is none at a hook: that it takes every packet keeps none from ours there", () => {
    const all = filter
      .replaceAll("protocol ip", "protocol all")
      .replace("c0000201/ffffffff", "00000000/00000000");
    expect(parseTc(dev, printed + all)).toMatchObject({ foreignFilters: [], lastFilters: [] });
  });

  it("is told of an uplink's class, whose tree stays as it is", () => {
    const conf = uplinkOf(runbook);
    const state = uplinkState(conf, { mtu: 1500, fqCodel: false, ipv6: true });
    const seen = parseTc("eth0", fixture("fixtures", "uplink", "tc.txt") + filter);
    expect(foreignSorters(state.root, seen)).toEqual([
      expect.stringMatching(
        /^root qdisc htb 1: on eth0: a class or queue of it has a filter that is not ours/,
      ),
    ]);
    expect([treeFaults(state.tree, seen), changeTree(state.tree, seen)]).toEqual([[], undefined]);
  });
});

it("an uplink's queue that has a setting of somebody's is made anew", () => {
  const state = uplinkState(uplinkOf(runbook), { mtu: 1500, fqCodel: true, ipv6: true });
  const leaves = state.tree.filter((object) => object.kind === "leaf");
  const lines = leaves.map(
    ({ handle, parent, queue: { kind, ...values } }) =>
      `qdisc ${kind} ${handle} parent ${parent} limit ${"limitPackets" in values ? values.limitPackets : 0}p flows 1024 ` +
      `quantum 1514 target 5ms interval 100ms ce_threshold 1ms memory_limit 32Mb ecn drop_batch 64 `,
  );
  const seen = parseTc(
    "eth0",
    ["qdisc htb 1: root refcnt 2 r2q 10 default 0x10 direct_qlen 0", ...lines].join("\n"),
  );
  const [first] = leaves;
  expect(changeTree(first === undefined ? [] : [first], seen)?.input).toMatch(
    /^qdisc del dev eth0 parent 1:10 handle (\w+:)\nqdisc replace dev eth0 parent 1:10 handle \1 fq_codel /,
  );
});
