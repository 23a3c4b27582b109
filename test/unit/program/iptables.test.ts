import { describe, expect, it } from "vitest";
import {
  addChains,
  removeChains,
  removeFound,
  type MangleChain,
} from "../../../plugin/program/iptables/chain.ts";
import { parseChains } from "../../../plugin/program/iptables/parse.ts";
import { listRules } from "../../../plugin/program/iptables/mangle.ts";
import { chains } from "../../../plugin/program/iptables/handler.ts";
import { fixture } from "../support/fixture.ts";

const chain: MangleChain = {
  kind: "chain",
  name: "POD-QOS-eth0",
  calledFrom: ["POSTROUTING -o eth0"],
  rules: ["-j DSCP --set-dscp 0x2e"],
};
const jump = "POSTROUTING -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0";
const { delta, drift } = chains("iptables");
const saved = fixture("fixtures", "iptables", "iptables-nft.txt");

describe("the batches", () => {
  it("add refuses a chain that is there: -N, not :chain, which would flush it and double the jump", () => {
    expect(addChains("ip6tables", [chain])).toEqual({
      argv: ["ip6tables-restore", "--noflush", "--wait", "10"],
      input: `*mangle\n-N POD-QOS-eth0\n-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n-A ${jump}\nCOMMIT\n`,
    });
  });

  it("remove takes jump, rules and chain", () => {
    expect(removeChains("iptables", [chain]).input).toBe(
      `*mangle\n-D ${jump}\n-F POD-QOS-eth0\n-X POD-QOS-eth0\nCOMMIT\n`,
    );
  });

  it("list reads the mangle table alone", () => {
    expect(listRules("ip6tables")).toEqual({ argv: ["ip6tables-save", "-t", "mangle"], input: "" });
  });
});

describe.each(["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"])(
  "what %s-save prints",
  (tool) => {
    const output = fixture("fixtures", "iptables", `${tool}.txt`);
    const seen = parseChains(output, [chain]);

    it("is the chain that was added, beside others' that mention its name", () => {
      expect(seen).toEqual([
        { name: "POD-QOS-eth0", exists: true, rules: chain.rules, hookRules: [jump], before: undefined },
      ]);
    });

    it("is no drift and needs nothing", () => {
      expect(drift([chain], seen)).toEqual([]);
      expect(delta([chain], seen, [])).toMatchObject({ conflicts: [], undo: undefined, make: undefined });
    });
  },
);

describe("a chain that is not as wanted", () => {
  it.each([
    ["it is gone", saved.replaceAll(/.*POD-QOS-eth0(?: -|$).*\n/gm, ""), "is missing"],
    ["nothing jumps to it", saved.replace(`-A ${jump}\n`, ""), "the jump to it from POSTROUTING is missing"],
    [
      "two jumps",
      saved.replace(`-A ${jump}\n`, `-A ${jump}\n-A ${jump}\n`),
      "POSTROUTING jumps to it 2 times",
    ],
    [
      "the jump is for another interface",
      saved.replace("-o eth0", "-o eth1"),
      "the jump to it from POSTROUTING is missing",
    ],
    [
      "another mark",
      saved.replace("0x2e", "0x0a"),
      'has "-j DSCP --set-dscp 0x0a" as rule 1, wanted "-j DSCP --set-dscp 0x2e"',
    ],
    [
      "no rule",
      saved.replace("-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n", ""),
      "has no rule as rule 1, wanted",
    ],
    [
      "a rule before ours",
      saved.replace("-A POD-QOS-eth0 ", "-A POD-QOS-eth0 -p udp -j RETURN\n-A POD-QOS-eth0 "),
      'has "-p udp -j RETURN" as rule 1',
    ],
    [
      "a rule behind the jump",
      saved.replace(`-A ${jump}\n`, `-A ${jump}\n-A POSTROUTING -j DSCP --set-dscp 0x00\n`),
      'the rule "POSTROUTING -j DSCP --set-dscp 0x00" behind it',
    ],
    ["no table at all", "", "is missing"],
  ])("%s", (_, output, sentence) => {
    const seen = parseChains(output, [chain]);
    const sentences = drift([chain], seen);
    expect(sentences).toEqual([expect.stringMatching(/^iptables mangle chain POD-QOS-eth0(?::| )/)]);
    expect(sentences[0]).toContain(sentence);
    expect(delta([chain], seen, []).make?.input).toContain("-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n");
  });

  const foreignJump = "OUTPUT -o eth0 -j POD-QOS-eth0";
  const twice = saved.replace(`-A ${jump}\n`, `-A ${jump}\n-A ${jump}\n-A ${foreignJump}\n`);
  const jumpOnly = saved.replaceAll(/^(:POD-QOS-eth0|-A POD-QOS-eth0) .*\n/gm, "");

  it("is made whole in one transaction: no packet goes unmarked", () => {
    expect(delta([chain], parseChains(twice, [chain]), []).make?.input).toBe(
      `*mangle\n-F POD-QOS-eth0\n-D ${jump}\n-D ${jump}\n-D ${foreignJump}\n` +
        `-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n-A ${jump}\nCOMMIT\n`,
    );
    expect(delta([chain], parseChains(jumpOnly, [chain]), []).make?.input).toBe(
      `*mangle\n-N POD-QOS-eth0\n-D ${jump}\n-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n-A ${jump}\nCOMMIT\n`,
    );
  });

  it("is removed as far as it is there, every jump to it included", () => {
    expect(removeFound("iptables", parseChains(twice, [chain])).input).toBe(
      `*mangle\n-D ${jump}\n-D ${jump}\n-D ${foreignJump}\n-F POD-QOS-eth0\n-X POD-QOS-eth0\nCOMMIT\n`,
    );
    expect(removeFound("iptables", parseChains(jumpOnly, [chain])).input).toBe(
      `*mangle\n-D ${jump}\nCOMMIT\n`,
    );
  });

  it("another interface's chain is not taken for it", () => {
    const other = saved.replaceAll("POD-QOS-eth0", "POD-QOS-eth0.1");
    expect(parseChains(other, [chain])).toEqual([
      { name: "POD-QOS-eth0", exists: false, rules: [], hookRules: [], before: undefined },
    ]);
  });
});

describe("chains that lead to each other", () => {
  const mark: MangleChain = { ...chain, name: "POD-QOS-eth0-0", calledFrom: [] };
  const main: MangleChain = { ...chain, rules: ["-d 192.0.2.0/24 -g POD-QOS-eth0-0"] };
  const both = [main, mark];

  it("exist before a rule names them, and go when none does any more", () => {
    expect(addChains("iptables", both).input).toBe(
      "*mangle\n-N POD-QOS-eth0\n-N POD-QOS-eth0-0\n-A POD-QOS-eth0 -d 192.0.2.0/24 -g POD-QOS-eth0-0\n" +
        `-A POD-QOS-eth0-0 -j DSCP --set-dscp 0x2e\n-A ${jump}\nCOMMIT\n`,
    );
    expect(removeChains("iptables", both).input).toBe(
      `*mangle\n-D ${jump}\n-F POD-QOS-eth0\n-F POD-QOS-eth0-0\n-X POD-QOS-eth0\n-X POD-QOS-eth0-0\nCOMMIT\n`,
    );
  });

  it("do not take each other's rules for jumps from outside", () => {
    const output = addChains("iptables", both).input.replaceAll(/^-N (\S+)/gm, ":$1 - [0:0]");
    expect(drift(both, parseChains(output, both))).toEqual([]);
  });
});
