import { describe, expect, it } from "vitest";
import { uplinkState } from "../../../plugin/datapath/uplink/state.ts";
import { hookRules } from "../../../plugin/program/iptables/chain.ts";
import { parseChains } from "../../../plugin/program/iptables/parse.ts";
import {
  changeShared,
  foreignRule,
  removeShared,
  setsOf,
  sharedDrift,
} from "../../../plugin/program/iptables/shared.ts";
import { ourSets } from "../../../plugin/program/ipset/members.ts";
import { isShared, parseSets } from "../../../plugin/program/ipset/set.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import {
  changeTree,
  foreignSorters,
  rootOwner,
  treeDrift,
  treeFaults,
  trimTree,
} from "../../../plugin/program/tc/tree.ts";
import { fixture } from "../support/fixture.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const stateFor = (conf: object) => uplinkState(uplinkOf(conf), { mtu: 1500, fqCodel: false, ipv6: true });
const { root, tree, chains } = stateFor(runbook);
const tcText = fixture("fixtures", "uplink", "tc.txt");
const seenTree = parseTc("eth0", tcText);
const chain = chains.iptables;
if (chain === undefined) throw new Error("every uplink has rules for IPv4");
const absent = { name: chain.name, exists: false, rules: [], hookRules: [], before: undefined };
const chainIn = (text: string) => parseChains(text, [chain])[0] ?? absent;
const saved = fixture("fixtures", "uplink", "iptables.txt");
const seenChain = chainIn(saved);

describe("a tree of classes", () => {
  it("000-8 is read back as it was made", () => {
    expect(treeDrift(tree, seenTree)).toEqual([]);
    expect(rootOwner(root, seenTree)).toBe("ours");
    expect(changeTree(tree, seenTree)).toBeUndefined();
    expect(trimTree(tree, seenTree)).toBeUndefined();
  });

  it.each([
    ["prio 1 ", "prio 2 ", "htb class 1:20 on eth0: prio is 2, wanted 1"],
    [
      "rate 500Mbit",
      "rate 400Mbit",
      "htb class 1:20 on eth0: rate is 400000000 bit/s, wanted 500000000 bit/s",
    ],
    ["class htb 1:20", "class htb 1:30", "htb class 1:20 on eth0 is missing"],
    ["1:20 parent 1:1 ", "1:20 parent 1:10 ", "htb class 1:20 on eth0: parent is 1:10, wanted 1:1"],
    ["match 00200000", "match 00280000", "filter pref 907 (dscp 8 to 1:20) on eth0 is missing"],
    ["match 40200000", "match 40280000", "filter pref 2907 (dscp 8 in VLANs to 1:20) on eth0 is missing"],
    ["match 62000000", "match 42000000", "filter pref 2908 (dscp 8 in VLANs to 1:20) on eth0 is missing"],
    ["*flowid 1:20", "*flowid 1:10", "filter pref 907 (dscp 8 to 1:20) on eth0 is missing"],
  ])("000-14 tells that %j became %j", (has, became, sentence) => {
    expect(treeDrift(tree, parseTc("eth0", tcText.replace(has, became)))).toContain(sentence);
  });

  it.each([
    [
      "qdisc htb 1: root refcnt 3 r2q 10 default 0x10 direct_packets_stat 0 ver 3.17 direct_qlen 1000",
      "htb 1:",
    ],
    ["qdisc tbf 8001: root refcnt 2 rate 1Gbit burst 1Mb lat 25ms", "tbf 8001:"],
  ])("whose root is not ours: %s", (line, name) => {
    const owner = rootOwner(root, parseTc("eth0", `${line}\n`));
    expect(owner).toMatchObject({ text: expect.stringContaining(name) as string });
  });

  it.each([
    [
      "filter parent 1: protocol ip pref 5 u32 chain 0 fh 801:800 order 2048 key ht 801 bkt 0 flowid 1:10 not_in_hw \n  match c0000209/ffffffff at 16\n",
      "pref 5",
    ],
    ["filter parent 1: protocol all pref 7 flower chain 0 handle 0x1 classid 1:10 \n", "pref 7 flower"],
  ])(
    "a filter of somebody's at the root is told by CHECK, and is no reason to change it: %s",
    (lines, name) => {
      const seen = parseTc("eth0", `${tcText}${lines}`);
      expect(foreignSorters(root, seen)).toEqual([expect.stringContaining(name)]);
      expect(treeDrift(tree, seen)).toEqual([]);
      expect(foreignSorters(root, seenTree)).toEqual([]);
    },
  );

  it("a class that somebody has put another under is not held to a priority that the kernel does not tell", () => {
    const child =
      "class htb 1:77 parent 1:20 prio 0 quantum 1514 rate 1Mbit ceil 1Mbit burst 1Kb cburst 1Kb \n";
    const seen = parseTc("eth0", tcText.replace("prio 1 quantum 62500 ", "") + child);
    expect(treeFaults(tree, seen)).toEqual([]);
    expect(treeDrift(tree, seen)).toEqual(["htb class 1:77 on eth0 is there, though nothing asks for it"]);
  });

  it("the kernel's default root is nobody's", () => {
    expect(
      rootOwner(root, parseTc("eth0", "qdisc mq 0: root \nqdisc fq_codel 0: parent :1\n")),
    ).toBeUndefined();
  });

  it("a changed rate changes its own class and nothing else", () => {
    const { default: first, "bulk-seed": bulk } = runbook.classes;
    const changed = stateFor({
      ...runbook,
      classes: { default: first, "bulk-seed": { ...bulk, rate: "400M" } },
    });
    expect(changeTree(changed.tree, seenTree)?.input).toBe(
      "class replace dev eth0 parent 1:1 classid 1:20 htb rate 50000000bps ceil 118750000bps " +
        "burst 500000 cburst 1187500 quantum 50000 prio 1\n",
    );
    expect(trimTree(changed.tree, seenTree)).toBeUndefined();
  });

  it("a class more is added, one less is taken away after its traffic has gone elsewhere", () => {
    const more = { ...runbook, rate: "1G", classes: { ...runbook.classes, extra: { rate: "1M" } } };
    expect(changeTree(stateFor(more).tree, seenTree)?.input).toMatch(
      /^class replace .* classid 1:1 .*\nclass replace .*classid 1:10 .*\nclass replace .* classid 1:30 .*\nqdisc replace .*parent 1:10 .*\nqdisc replace .*parent 1:30 /,
    );
    const less = stateFor({ ...runbook, classes: { default: runbook.classes.default } }).tree;
    expect(changeTree(less, seenTree)).toBeUndefined();
    expect(trimTree(less, seenTree)?.input).toBe(
      "filter del dev eth0 parent 1: pref 907\n" +
        "filter del dev eth0 parent 1: pref 908\n" +
        "filter del dev eth0 parent 1: pref 2907\n" +
        "filter del dev eth0 parent 1: pref 2908\n" +
        "class del dev eth0 classid 1:20\n",
    );
  });
});

describe("an uplink's rules", () => {
  it.each(["iptables.txt", "iptables-legacy.txt"])(
    "000-9 are read back from %s as they were made",
    (file) => {
      const seen = chainIn(fixture("fixtures", "uplink", file));
      expect(sharedDrift("iptables", chain, seen)).toEqual([]);
      expect(changeShared("iptables", chain, seen)).toBeUndefined();
      expect(foreignRule(chain, seen)).toBeUndefined();
    },
  );

  it("a rule too many, or one that is gone, is mended in one transaction that cannot double it", () => {
    const [mark = "", bleach = "", jump = ""] = hookRules(chain);
    const doubled = { ...seenChain, hookRules: [...seenChain.hookRules, mark] };
    expect(changeShared("iptables", chain, doubled)?.input).toBe(
      [
        "*mangle",
        "-F POD-QOS-UP-eth0",
        `-D ${mark}`,
        `-D ${bleach}`,
        `-D ${jump}`,
        `-D ${mark}`,
        ...chain.rules.map((rule) => `-A POD-QOS-UP-eth0 ${rule}`),
        `-A ${mark}`,
        `-A ${bleach}`,
        `-A ${jump}`,
        "COMMIT",
        "",
      ].join("\n"),
    );
    const gone = { ...seenChain, hookRules: [mark, bleach] };
    expect(sharedDrift("iptables", chain, gone)).toEqual([`iptables mangle rule "${jump}" is missing`]);
  });

  it("those of another uplink and of others are not looked at", () => {
    const others = saved.replace(
      "COMMIT",
      '-A PREROUTING -m comment --comment "pod-qos:eth01" -j MARK --set-xmark 0x2/0x2\n' +
        "-A PREROUTING -j CONNMARK --restore-mark\nCOMMIT",
    );
    expect(chainIn(others)).toEqual(seenChain);
  });

  it("a chain of our name with somebody else's rule is told", () => {
    const foreign = saved.replace("COMMIT", "-A POD-QOS-UP-eth0 -j ACCEPT\nCOMMIT");
    expect(foreignRule(chain, chainIn(foreign))).toBe("-j ACCEPT");
  });

  it("are taken away as they were found", () => {
    expect(removeShared("iptables", seenChain)?.input).toBe(
      [
        "*mangle",
        ...seenChain.hookRules.map((rule) => `-D ${rule}`),
        "-F POD-QOS-UP-eth0",
        "-X POD-QOS-UP-eth0",
        "COMMIT",
        "",
      ].join("\n"),
    );
    expect(removeShared("iptables", absent)).toBeUndefined();
    expect(setsOf(seenChain)).toEqual(["bulkseed-pods"]);
  });
});

describe("sets of addresses", () => {
  it("000-10 are read back with their members", () => {
    const read = parseSets(fixture("fixtures", "uplink", "ipset.txt"));
    expect(read).toEqual([
      {
        name: "bulkseed-pods",
        kind: "hash:ip",
        family: "inet",
        properties: "hash:ip family inet hashsize 1024 maxelem 65905",
        entries: ["192.0.2.7"],
      },
    ]);
    expect(read.map(isShared)).toEqual([true]);
    expect(parseSets("")).toEqual([]);
  });

  it("are known by a size that nobody else chooses", () => {
    const usual = parseSets("create bulkseed-pods hash:ip family inet hashsize 1024 maxelem 65536\n");
    expect(usual.map(isShared)).toEqual([false]);
    expect(ourSets(fixture("fixtures", "uplink", "ipset-list.txt"))).toEqual([
      "bulkseed-pods",
      "bulkseed-pods-v6",
    ]);
    expect(ourSets(fixture("fixtures", "uplink", "ipset-list.txt").replace("65905 ", "65536 "))).toEqual([
      "bulkseed-pods-v6",
    ]);
  });
});
