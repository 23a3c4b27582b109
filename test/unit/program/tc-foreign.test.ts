/** What others put on a device, as tc printed it: never taken for ours, and named where it is in the way. */
import { describe, expect, it } from "vitest";
import { policeBucket } from "../../../plugin/datapath/rates.ts";
import { policer, redirect, shaper } from "../../../plugin/datapath/shaper.ts";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { trafficControl } from "../../../plugin/program/tc/handler.ts";
import { parseTc, type ObservedDevice } from "../../../plugin/program/tc/parse.ts";
import { dev, ifb } from "../fixtures/tc/cases.ts";
import { capOf } from "../support/cap.ts";
import { fixture } from "../support/fixture.ts";

function device(name: string): ObservedDevice {
  return parseTc(dev, printed(name));
}

function printed(name: string): string {
  return fixture("fixtures", "tc", `${name}.txt`);
}

const bucket = policeBucket(capOf(20e6), 1500);
const tree = shaper(dev, bucket, { kind: "pfifo", limitPackets: 1 }, 1500);
const ingressGuard = policer(dev, "ingress", bucket, "matchall");
const egressPolicer = policer(dev, "egress", bucket, "matchall");

describe("a foreign root qdisc", () => {
  it.each([
    ["small/foreign-tbf", "qdisc tbf 1: root"],
    ["small/foreign-htb", "qdisc htb 1: root"],
    ["stock/foreign-fq_codel", "qdisc fq_codel 8001: root"],
  ])("%s is never replaced: the conflict names device and qdisc", (name, text) => {
    const delta = tcDelta(tree, [device(name)]);
    expect([delta.remove, delta.add]).toEqual([[], []]);
    expect(delta.conflicts).toEqual([
      expect.stringContaining(`eth0 already has "${text}", which is not ours`),
    ]);
    expect(tcDrift(tree, [device(name)])[0]).toBe(
      `root qdisc htb 905: on eth0 is missing: in its place stands "${text}"`,
    );
  });

  it("of the bandwidth plugin's shape is called so", () => {
    expect(tcDelta(tree, [device("small/foreign-tbf")]).conflicts[0]).toContain(
      "looks like the CNI bandwidth plugin's",
    );
    expect(tcDelta(tree, [device("small/foreign-htb")]).conflicts[0]).not.toContain("bandwidth plugin");
  });

  it("is not in the way of a policer", () => {
    expect(tcDelta(ingressGuard, [device("small/foreign-tbf")])).toEqual({
      conflicts: [],
      remove: [],
      add: ingressGuard,
    });
  });

  it("the kernel's default, handle 0:, is none", () => {
    expect(device("small/nothing").occupants).toEqual([]);
    expect(tcDelta(tree, [device("small/nothing")])).toEqual({ conflicts: [], remove: [], add: tree });
  });
});

describe("somebody's ingress qdisc", () => {
  it("holds our ingress filters as well: no clsact is added, none is missed", () => {
    const wanted = redirect(dev, "u32", ifb);
    const beside = printed("small/foreign-ingress").replaceAll("00000000/00000000", "0a000000/ff000000");
    expect(tcDelta(wanted, [parseTc(dev, beside)])).toEqual({
      conflicts: [],
      remove: [],
      add: wanted.slice(1),
    });
    expect(tcDelta(wanted, [device("small/redirect-on-foreign-ingress")]).add).toEqual([]);
    expect(tcDrift(wanted, [device("small/redirect-on-foreign-ingress")])).toEqual([]);
  });

  it("has no egress hook: the conflict names it", () => {
    const { conflicts, remove } = tcDelta(egressPolicer, [device("small/foreign-ingress")]);
    expect(conflicts).toEqual([
      expect.stringContaining('eth0 already has "qdisc ingress ffff: parent ffff:fff1'),
    ]);
    expect(remove).toEqual([]);
  });
});

describe("somebody's filter that is asked before ours and takes every packet", () => {
  const wanted = redirect(dev, "u32", ifb);
  const behind = printed("small/redirect-on-foreign-ingress").replace(
    "filter protocol",
    `${printed("small/foreign-ingress").split("\nqdisc")[0]}\nfilter protocol`,
  );

  it("is in the way: the conflict shows it", () => {
    const { conflicts, add } = tcDelta(wanted, [device("small/foreign-ingress")]);
    expect(conflicts).toEqual([expect.stringMatching(/takes every packet at ingress of eth0.*pref 1 u32/)]);
    expect(add).toEqual([]);
  });

  it("makes CHECK fail though ours is there", () => {
    expect(tcDrift(wanted, [parseTc(dev, behind)])).toEqual([
      expect.stringMatching(/redirect filter pref 65000 at ingress .* no packet gets to it .*pref 1 u32/),
    ]);
  });

  it("is nobody's business once it lets the packet go on, or takes some packets only", () => {
    for (const harmless of [
      behind.replace(/mirred .*/, "gact action continue"),
      behind.replace("match 00000000/00000000", "match 0a000000/ff000000"),
    ]) {
      expect(tcDrift(wanted, [parseTc(dev, harmless)])).toEqual([]);
    }
  });

  it("is no filter of the root qdisc", () => {
    expect(device("small/foreign-ingress").rootFilters).toEqual([]);
  });
});

describe("somebody's filters on a clsact", () => {
  it("are none of our objects", () => {
    const { objects } = device("small/beside-foreign-filters");
    expect(objects).toContainEqual({
      kind: "redirect",
      dev,
      hook: "ingress",
      pref: 65_000,
      matcher: "u32",
      to: ifb,
    });
    expect(objects.filter(({ kind }) => kind === "redirect" || kind === "police")).toHaveLength(1);
  });

  it("share it: a clsact that is there is not added again", () => {
    const { add } = tcDelta(ingressGuard, [device("small/beside-foreign-filters")]);
    expect(add.map(({ kind }) => kind)).toEqual(["police"]);
  });

  it.each([
    ["of-one-address", ["it takes protocol ip only", "its classifier is flower"]],
    ["of-one-port", ["it takes protocol ip only", "it takes only what has match 00000050/0000ffff at 20"]],
  ])(
    "a policer %s, at our pref and with our rate, is none that we ever make: it is in the way",
    (what, deviations) => {
      const seen = device(`stock/foreign-police-${what}`);
      expect(tcDrift(ingressGuard, [seen])).toEqual(
        deviations.map((deviation) => `police filter pref 9 at ingress of eth0: ${deviation}`),
      );
      const delta = tcDelta(ingressGuard, [seen]);
      expect([delta.remove, delta.add]).toEqual([[], []]);
      expect(delta.conflicts).toEqual([
        expect.stringMatching(
          /^preference 9 at ingress of eth0 is taken by a filter that is not ours: .* police /,
        ),
      ]);
    },
  );

  it.each([
    ["of one protocol", "protocol all", "protocol ipv6"],
    ["with keys of u32", "match 00000000/00000000", "match 0a000000/ff000000"],
  ])("a redirect %s at our pref is in the way as well", (_, ours, theirs) => {
    const seen = parseTc(dev, printed("small/redirect-u32").replaceAll(ours, theirs));
    const delta = tcDelta(redirect(dev, "u32", ifb), [seen]);
    expect([delta.remove, delta.add]).toEqual([[], []]);
    expect(delta.conflicts).toEqual([
      expect.stringContaining("preference 65000 at ingress of eth0 is taken"),
    ]);
  });

  it.each(["of-one-address", "of-one-port"])(
    "a policer %s in the place of ours is not for DEL to remove",
    (what) => {
      expect(trafficControl.sweep(ingressGuard, [device(`stock/foreign-police-${what}`)])).toBeUndefined();
      expect(trafficControl.sweep(ingressGuard, [device("stock/foreign-police-that-passes")])).toBeDefined();
    },
  );

  it("a policer as we make them, with another verdict, is replaced", () => {
    const seen = device("stock/foreign-police-that-passes");
    expect(tcDrift(ingressGuard, [seen])).toEqual([
      "police filter pref 9 at ingress of eth0: its verdict is pass/continue",
    ]);
    const filter = ingressGuard.slice(1);
    expect(tcDelta(ingressGuard, [seen])).toEqual({ conflicts: [], remove: filter, add: filter });
  });
});

describe("a device", () => {
  it.each(["", "Device nope does not exist."])(
    "that is not there (%j) has nothing, and CHECK says so",
    (output) => {
      const seen = parseTc("nope", output);
      expect(seen).toEqual({
        dev: "nope",
        exists: false,
        objects: [],
        occupants: [],
        foreignFilters: [],
        lastFilters: [],
        rootFilters: [],
      });
      expect(tcDrift(tree, [{ ...seen, dev }])[0]).toBe("root qdisc htb 905: on eth0: the device is gone");
      expect(tcDrift(tree, [])).toHaveLength(tree.length);
    },
  );
});

const filterLine = (chain: number, id: string): string =>
  `filter protocol all pref 65000 u32 chain ${chain} fh 800::${id} order 1 key ht 800 bkt 0 terminal flowid not_in_hw `;

describe("what CHECK must not miss", () => {
  const ours = `\n  match 00000000/00000000 at 0\n\taction order 1: mirred (Egress Redirect to device ${ifb}) stolen\n`;
  const other = "\n  match 00000000/00000000 at 0\n";
  const wanted = redirect(dev, "u32", ifb);
  const drift = (...filters: readonly string[]): readonly string[] =>
    tcDrift(wanted, [
      parseTc(dev, `${filters.join("")}qdisc noqueue 0: root\nqdisc clsact ffff: parent ffff:fff1\n`),
    ]);

  it.each([
    ["nothing is amiss", [filterLine(0, "800") + ours], []],
    ["it is in a chain that no packet begins with", [filterLine(5, "800") + ours], ["is missing"]],
    ["another of a foreign chain beside it", [filterLine(0, "800") + ours, filterLine(5, "801") + other], []],
    [
      "one before it at its own preference",
      [filterLine(0, "1") + other, filterLine(0, "800") + ours],
      ["past the filter"],
    ],
    ["one behind it", [filterLine(0, "800") + ours, filterLine(0, "801") + other], []],
  ])("of a redirect: %s", (_, filters, words) => {
    const found = drift(...filters);
    expect(found).toHaveLength(words.length);
    words.forEach((word) => expect(found[0]).toContain(word));
  });

  it.each([
    ["overhead 60000", "burst 25000b/1 mpu 0b cburst 25000b/1 mpu 0b overhead 60000 level 0"],
    ["mpu 9000b", "burst 25000b/1 mpu 9000b cburst 25000b/1 mpu 9000b level 0"],
    ["linklayer atm", "linklayer atm burst 25000b/1 mpu 0b cburst 25000b/1 mpu 0b level 0"],
  ])("a class charges packets by %s", (words, rest) => {
    const text = `qdisc htb 905: root refcnt 2 r2q 10 default 0x1 direct_qlen 0\nclass htb 905:1 root prio 0 quantum 1514 rate 20Mbit ceil 20Mbit ${rest}\n`;
    const [, htbClass] = tree;
    expect(tcDrift(htbClass === undefined ? [] : [htbClass], [parseTc(dev, text)]).join()).toContain(words);
  });
});

describe("what stands under our own names and numbers", () => {
  const shaped = printed("small/htb-bfifo-20M");
  const policed = printed("stock/police-20M");
  const action = /action order 1: (.*)/.exec(policed)?.[1] ?? "";
  const stab = " linklayer ethernet overhead -1400 mtu 2047 tsize 512";

  it.each([
    ["a root with a size table", shaped.replace(/^(qdisc htb .*\S).*$/m, `$1${stab}`), "root qdisc htb 905:"],
    [
      "a queue with a size table",
      shaped.replace(/^(qdisc bfifo .*\S).*$/m, `$1${stab}`),
      "leaf qdisc pfifo 906:",
    ],
  ])("%s lets packets through for less than they weigh", (_, text, name) => {
    expect(tcDrift(tree, [parseTc(dev, text)]).filter((sentence) => sentence.includes("size table"))).toEqual(
      [expect.stringContaining(`${name} on eth0: it has a size table: overhead -1400`)],
    );
  });

  it.each([
    ["passes before it is asked", `gact action pass\n\taction order 2: ${action}`],
    ["does something else first", `skbedit mark 1 pipe\n\taction order 2: ${action}`],
    ["does something else then", `${action}\n\taction order 2: gact action pass`],
  ])("a policer that %s is told", (_, actions) => {
    const text = policed.replace(/(action order 1:).*/, `$1 ${actions}`);
    const wanted = policer(dev, "ingress", bucket, "matchall");
    expect(tcDrift(wanted, [parseTc(dev, text)])).toEqual([expect.stringContaining("it has 2 actions")]);
    expect(tcDrift(wanted, [parseTc(dev, policed)])).toEqual([]);
  });

  it("a filter of somebody's that passes in its first action ends the walk before ours, whatever its last one says", () => {
    const before = `filter protocol all pref 5 matchall chain 0 \nfilter protocol all pref 5 matchall chain 0 handle 0x1 \n  not_in_hw\n`;
    const then = (first: string): string =>
      `${before}\taction order 1: ${first}\n\taction order 2: gact action continue\n${policed}`;
    expect(parseTc(dev, then("gact action pass")).lastFilters.map(({ pref }) => pref)).toContain(5);
    expect(parseTc(dev, then("skbedit mark 1 pipe")).lastFilters.map(({ pref }) => pref)).not.toContain(5);
  });
});
