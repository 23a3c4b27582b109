/** What the tools say when they fail, as they said it, and what an operator is told: which error, and what to load or install. */
import { describe, expect, it } from "vitest";
import { refusal } from "../../../plugin/kernel/refusal.ts";

const said = (tool: string, stderr: string, input = "a line\n"): ReturnType<typeof refusal> =>
  refusal("pod", { argv: [tool], input }, { exitCode: 1, stdout: "", stderr });

describe("what a kernel lacks is 102 and says what to load", () => {
  it.each([
    ["ipset", "ipset v7.17: Cannot open session to kernel.", ["ip_set", "ip_set_hash_net"]],
    [
      "ipset",
      "ipset v7.17: Error in line 1: Kernel error received: set type not supported",
      ["ip_set_hash_net"],
    ],
    ["ipset", "ipset v7.17: Error in line 1: Invalid argument: Kernel module ip_set not loaded", ["ip_set"]],
    ["iptables-restore", "iptables-restore v1.8.9 (legacy): Can't open socket to ipset.", ["ip_set"]],
    [
      "iptables-restore",
      "Warning: Extension set revision 0 not supported, missing kernel module?\niptables-restore: line 9 failed",
      ["xt_set", "set"],
    ],
    [
      "iptables-restore",
      "Warning: Extension multiport revision 0 not supported, missing kernel module?\niptables-restore: line 9 failed",
      ["xt_multiport"],
    ],
    [
      "ip6tables-restore",
      "ip6tables-restore v1.8.9 (legacy): Couldn't load match `set':No such file or directory",
      ["xt_set"],
    ],
    [
      "ip6tables-restore",
      "ip6tables-restore v1.8.9 (legacy): ip6tables-restore: unable to initialize table 'mangle'",
      ["ip6table_mangle"],
    ],
    [
      "iptables-restore",
      "iptables-restore v1.8.9 (legacy): can't initialize iptables table `mangle': Table does not exist (do you need to insmod?)",
      ["iptable_mangle"],
    ],
    [
      "iptables-restore",
      "iptables-restore v1.8.9 (nf_tables): line 16: RULE_APPEND failed (No such file or directory): rule in chain POD-QOS-eth0",
      ["nft_compat", "xt_set"],
    ],
    ["ipset", "ipset: not found in /usr/sbin:/usr/bin", ["install", "ipset"]],
    ["ip", "RTNETLINK answers: Operation not supported", ["ifb"]],
  ])("%s: %s", (tool, stderr, words) => {
    const error = said(tool, stderr);
    expect(error.code).toBe(102);
    for (const word of words) expect(error.message).toContain(word);
  });
});

it("what says nothing of what is missing is 100, in the tool's own words", () => {
  const error = said("tc", "RTNETLINK answers: Operation not supported\nCommand failed -:1");
  expect(error.code).toBe(100);
  expect(error.message).toContain("tc: RTNETLINK answers: Operation not supported");
});

it("a hook whose filters are those of a block shared by several devices is 101: what, and what to do", () => {
  const error = said(
    "tc",
    "Error: This filter block is shared. Please use the block index to manipulate the filters.\nWe have an error talking to the kernel\nCommand failed -:5",
    "qdisc add dev veth1 root\nclass add dev veth1\nqdisc add dev veth1 fq\nqdisc add dev veth1 clsact\nfilter add dev veth1 ingress matchall\n",
  );
  expect(error).toMatchObject({ code: 101 });
  expect(error.message).toContain("filter add dev veth1 ingress");
  expect(error.message).toMatch(/ingress_block|egress_block/);
});

describe("the details", () => {
  const many = Array.from({ length: 10_000 }, (_, n) => `line ${n + 1}\n`).join("");

  it.each([
    ["tc", "Error: Invalid handle.\nCommand failed -:5000"],
    ["ipset", "ipset v7.17: Error in line 5000: Set cannot be created"],
    ["iptables-restore", "iptables-restore v1.8.9 (nf_tables): line 5000: RULE_APPEND failed"],
    ["iptables-restore", "Error occurred at line: 5000\nTry `iptables-restore -h'"],
    ["iptables-restore", "iptables-restore: line 5000 failed"],
  ])("of ten thousand lines have those around the one that %s refused: %s", (tool, stderr) => {
    const { details } = said(tool, stderr, many);
    expect(details).toContain("line 5000\n");
    expect(details).toContain(stderr);
    expect(details.length).toBeLessThan(2000);
  });

  it("have all of a short input, and of a long one the start where no line is named", () => {
    expect(said("tc", "no", "one\ntwo\n").details).toContain("one\ntwo");
    expect(said("tc", "no", many).details).toMatch(/line 1\n[^]*more lines/);
    expect(said("tc", "no", many).details.length).toBeLessThan(2000);
  });
});
