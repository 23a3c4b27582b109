import { describe, expect, it } from "vitest";
import { policer, shaper } from "../../../plugin/datapath/shaper.ts";
import { linkDelta, linkDrift, links } from "../../../plugin/program/link/handler.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { addLinks, parseLinks } from "../../../plugin/program/link/ifb.ts";
import { merge, type Program } from "../../../plugin/program/program.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { fixture } from "../support/fixture.ts";
import { printTc } from "../support/tc-print.ts";

const tree = (rate: number): readonly TcObject[] =>
  shaper("eth0", { rate, burst: 25_000 }, { kind: "bfifo", limitBytes: 131_072 }, 1500);
const guard = (rate: number): readonly TcObject[] =>
  policer("eth0", "ingress", { rate, burst: 500_000 }, "matchall");
const wanted = [...tree(2_500_000), ...guard(2_625_000)];
const delta = (objects: readonly TcObject[]): object =>
  tcDelta(wanted, [parseTc("eth0", printTc(objects, "6.1"))]);

describe("the least that is missing on a device", () => {
  it("is nothing when all is there", () => {
    expect(delta(wanted)).toEqual({ conflicts: [], remove: [], add: [] });
  });

  it("is everything when nothing is there", () => {
    expect(delta([])).toEqual({ conflicts: [], remove: [], add: wanted });
  });

  it("is that class, in place, when a value of it is wrong", () => {
    expect(delta([...tree(1_250_000), ...guard(2_625_000)])).toEqual({
      conflicts: [],
      remove: [],
      add: [],
      change: [tree(2_500_000)[1]],
    });
  });

  it("is the leaf alone, in the place of whatever stands there, when that is gone", () => {
    expect(delta([...tree(2_500_000).slice(0, 2), ...guard(2_625_000)])).toEqual({
      conflicts: [],
      remove: [],
      change: [tree(2_500_000)[2]],
      add: [],
    });
  });

  it("is the whole tree, its root removed first, when the root leads elsewhere", () => {
    const [root, ...rest] = tree(2_500_000);
    const elsewhere = { ...root, defaultClass: "2" } as TcObject;
    expect(delta([elsewhere, ...rest, ...guard(2_625_000)])).toEqual({
      conflicts: [],
      remove: [root],
      add: tree(2_500_000),
    });
  });

  it("is the filter alone when its rate is wrong: the clsact stays", () => {
    const filter = guard(2_625_000).slice(1);
    expect(delta([...tree(2_500_000), ...guard(1_000_000)])).toEqual({
      conflicts: [],
      remove: filter,
      add: filter,
    });
  });

  it("is the filter alone when somebody else's clsact is there", () => {
    expect(delta([...tree(2_500_000), { kind: "clsact", dev: "eth0" }])).toEqual({
      conflicts: [],
      remove: [],
      add: guard(2_625_000).slice(1),
    });
  });

  it("is worked out per device", () => {
    const other = guard(1_000_000).map((object) => ({ ...object, dev: "veth1" }));
    const observed = [parseTc("eth0", printTc(wanted, "6.1")), parseTc("veth1", printTc([], "6.1"))];
    expect(tcDelta([...wanted, ...other], observed)).toEqual({ conflicts: [], remove: [], add: other });
  });
});

describe("an ifb", () => {
  const ifb = { kind: "ifb", name: "pq0123456789abc", mtu: 1500, alias: "pod-qos podnet 0123 eth0" } as const;
  const there = parseLinks(fixture("fixtures", "link", "ifb.txt"));

  it("that is there needs nothing", () => {
    expect(linkDelta([ifb], there)).toEqual({ conflicts: [], change: [], add: [] });
    expect(linkDrift([ifb], there)).toEqual([]);
  });

  it("that is not there is added", () => {
    expect(linkDelta([ifb], [])).toEqual({ conflicts: [], change: [], add: [ifb] });
    expect(linkDrift([ifb], [])).toEqual(["ifb pq0123456789abc is missing"]);
  });

  it("that is down is set up in place: it drops all that is redirected to it", () => {
    const down = there.map((link) => ({ ...link, up: false }));
    expect(linkDelta([ifb], down)).toEqual({ conflicts: [], change: [ifb], add: [] });
    expect(linkDrift([ifb], down)).toEqual([expect.stringContaining("ifb pq0123456789abc is down")]);
  });

  it("with another MTU than its device's gets that in place, with all packets in it", () => {
    const other = there.map((link) => ({ ...link, mtu: 9000 }));
    expect(linkDelta([ifb], other)).toEqual({ conflicts: [], change: [ifb], add: [] });
    expect(linkDrift([ifb], other)).toEqual(["ifb pq0123456789abc has mtu 9000, wanted 1500"]);
  });

  it("without an alias is one that was left half made, and is finished in place", () => {
    const half = there.map((link) => ({ ...link, alias: "", up: false }));
    expect(linkDelta([ifb], half)).toEqual({ conflicts: [], change: [ifb], add: [] });
  });

  it("is never deleted to be changed", () => {
    const other = there.map((link) => ({ ...link, mtu: 9000 }));
    const second = { ...ifb, name: "pq0123456789abd" };
    expect(links.delta([ifb, second], other, [])).toMatchObject({
      undo: undefined,
      make: {
        argv: ["ip", "-batch", "-"],
        input:
          'link set dev pq0123456789abc mtu 1500 txqueuelen 1000 alias "pod-qos podnet 0123 eth0" up\n' +
          addLinks([second]).input,
      },
      isUntouched: false,
    });
  });

  it("of our name that is a link of another kind stays: a conflict", () => {
    const other = there.map((link) => ({ ...link, kind: "dummy" }));
    expect(linkDelta([ifb], other)).toMatchObject({ conflicts: [expect.any(String)], change: [], add: [] });
  });

  it("of our name with another alias is not ours and stays: the conflict names it", () => {
    const other = there.map((link) => ({ ...link, alias: "mine" }));
    expect(linkDelta([ifb], other)).toEqual({
      conflicts: ['a link pq0123456789abc exists that is not ours (alias "mine"): delete or rename it'],
      change: [],
      add: [],
    });
    expect(linkDrift([ifb], other)).toEqual([
      'ifb pq0123456789abc has alias "mine", wanted "pod-qos podnet 0123 eth0"',
    ]);
  });
});

describe("merge", () => {
  const link: Program = {
    tool: "link",
    place: "node",
    objects: [{ kind: "ifb", name: "pq", mtu: 1500, alias: "a" }],
  };
  const [one, two] = guard(1);

  it("makes one program per tool and place, objects in order, links first, empty ones dropped", () => {
    if (one === undefined || two === undefined) throw new Error("a policer is two objects");
    const merged = merge([
      program("pod", one),
      program("node", two),
      link,
      program("pod", two),
      { ...link, objects: [], place: "pod" },
    ]);
    expect(merged).toEqual([link, program("pod", one, two), program("node", two)]);
  });
});

function program(place: Program["place"], ...objects: readonly TcObject[]): Program {
  return { tool: "tc", place, objects };
}
