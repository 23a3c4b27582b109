import { describe, expect, it } from "vitest";
import { chainDrift } from "../../../plugin/program/drift.ts";
import {
  addChains,
  listChains,
  parseChain,
  removeChains,
  removeFound,
  type MangleChain,
} from "../../../plugin/program/iptables.ts";
import { chainDelta } from "../../../plugin/program/reconcile.ts";
import { fixture } from "../support/fixture.ts";

const chain: MangleChain = {
  kind: "chain",
  name: "POD-QOS-eth0",
  ifname: "eth0",
  rules: ["-j DSCP --set-dscp 0x2e"],
};
const jump = "POSTROUTING -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0";
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
    expect(listChains("ip6tables")).toEqual({ argv: ["ip6tables-save", "-t", "mangle"], input: "" });
  });
});

describe.each(["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"])(
  "what %s-save prints",
  (tool) => {
    const output = fixture("fixtures", "iptables", `${tool}.txt`);
    const seen = parseChain(output, chain);

    it("is the chain that was added, beside others' that mention its name", () => {
      expect(seen).toEqual({
        name: "POD-QOS-eth0",
        exists: true,
        rules: chain.rules,
        jumpRules: [jump],
        jumps: 1,
      });
    });

    it("is no drift and needs nothing", () => {
      expect(chainDrift("iptables", [chain], [seen])).toEqual([]);
      expect(chainDelta([chain], [seen])).toEqual({ conflicts: [], remove: [], add: [], leftovers: [] });
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
      'has rules "-j DSCP --set-dscp 0x0a", wanted "-j DSCP --set-dscp 0x2e"',
    ],
    ["no rule", saved.replace("-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n", ""), 'has rules "", wanted'],
    [
      "a rule before ours",
      saved.replace("-A POD-QOS-eth0 ", "-A POD-QOS-eth0 -p udp -j RETURN\n-A POD-QOS-eth0 "),
      'has rules "-p udp -j RETURN | -j DSCP',
    ],
    ["no table at all", "", "is missing"],
  ])("%s", (_, output, sentence) => {
    const seen = parseChain(output, chain);
    const drift = chainDrift("iptables", [chain], [seen]);
    expect(drift).toEqual([expect.stringMatching(/^iptables mangle chain POD-QOS-eth0(?::| )/)]);
    expect(drift[0]).toContain(sentence);
    expect(chainDelta([chain], [seen])).toMatchObject({ conflicts: [], add: [chain], leftovers: [seen] });
  });

  it("is removed as far as it is there, every jump to it included", () => {
    const foreignJump = "OUTPUT -o eth0 -j POD-QOS-eth0";
    const output = saved.replace(`-A ${jump}\n`, `-A ${jump}\n-A ${jump}\n-A ${foreignJump}\n`);
    expect(removeFound("iptables", [parseChain(output, chain)]).input).toBe(
      `*mangle\n-D ${jump}\n-D ${jump}\n-D ${foreignJump}\n-F POD-QOS-eth0\n-X POD-QOS-eth0\nCOMMIT\n`,
    );
    const jumpOnly = saved.replace(/^:POD-QOS-eth0.*\n/m, "");
    expect(removeFound("iptables", [parseChain(jumpOnly, chain)]).input).toBe(
      `*mangle\n-D ${jump}\nCOMMIT\n`,
    );
  });

  it("another interface's chain is not taken for it", () => {
    const other = saved.replaceAll("POD-QOS-eth0", "POD-QOS-eth0.1");
    expect(parseChain(other, chain)).toMatchObject({ exists: false, rules: [], jumpRules: [], jumps: 0 });
  });
});
