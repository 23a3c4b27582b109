/** Rules as the sets and chains that an operator reads in iptables-save and ipset save. */
import { describe, expect, it } from "vitest";
import { ruleChains } from "../../../../plugin/datapath/rules/chains.ts";
import { markAll } from "../../../../plugin/policy/policy.ts";
import type { Rule } from "../../../../plugin/policy/rule/rule.ts";
import type { Program } from "../../../../plugin/program/program.ts";
import type { Tool } from "../../../../plugin/program/tools.ts";
import { classified, rulesOf, to } from "../../support/rule.ts";

const programs = (rules: readonly Rule[], ifname = "eth0"): readonly Program[] =>
  ruleChains(ifname, rules, true);
const lines = (rules: readonly Rule[], tool: Tool): readonly string[] =>
  programs(rules)
    .filter((program) => program.tool === tool)
    .flatMap(({ objects }) =>
      objects.flatMap((object) => {
        if (object.kind === "chain") return object.rules.map((rule) => `${object.name} ${rule}`);
        return object.kind === "set" ? object.entries.map((entry) => `${object.name} ${entry}`) : [];
      }),
    );

describe("a rule", () => {
  it("001-7 without a destination takes every packet of both families", () => {
    for (const tool of ["iptables", "ip6tables"] as const) {
      expect(lines(rulesOf({ dscp: 46 }), tool)).toEqual(["POD-QOS-eth0 -j DSCP --set-dscp 0x2e"]);
    }
  });

  it("001-11 003-17 to an IPv4 block is no rule of IPv6, not even to 0.0.0.0/0", () => {
    const rules = [classified({ to: [to("0.0.0.0/0")] })];
    expect(lines(rules, "iptables")).toEqual(["POD-QOS-eth0 -j DSCP --set-dscp 0x01"]);
    expect(programs(rules).map(({ tool }) => tool)).not.toContain("ip6tables");
  });

  it("to one block needs no set", () => {
    const rules = [
      classified({ to: [to("2001:db8:85a3::8a2e:370:7330/124")] }, { dscp: 48 }),
      markAll("t", 0),
    ];
    expect(lines(rules, "ip6tables")).toEqual([
      "POD-QOS-eth0 -d 2001:db8:85a3::8a2e:370:7330/124 -g POD-QOS-eth0:0",
      "POD-QOS-eth0 -j DSCP --set-dscp 0x00",
      "POD-QOS-eth0:0 -j DSCP --set-dscp 0x30",
    ]);
    expect(lines(rules, "iptables")).toEqual(["POD-QOS-eth0 -j DSCP --set-dscp 0x00"]);
    expect(lines(rules, "ipset")).toEqual([]);
  });

  it("002-19 with exceptions looks into a set, whole families as their two halves", () => {
    const rules = [classified({ to: [to("0.0.0.0/0", "10.11.12.13/32", "172.16.0.0/12")] }, { dscp: 20 })];
    expect(lines(rules, "iptables")).toEqual([
      "POD-QOS-eth0 -m set --match-set pod-qos-eth0:4:sprlmvf3 dst -g POD-QOS-eth0:0",
      "POD-QOS-eth0:0 -j DSCP --set-dscp 0x14",
    ]);
    expect(lines(rules, "ipset")).toEqual([
      "pod-qos-eth0:4:sprlmvf3 0.0.0.0/1",
      "pod-qos-eth0:4:sprlmvf3 128.0.0.0/1",
      "pod-qos-eth0:4:sprlmvf3 10.11.12.13 nomatch",
      "pod-qos-eth0:4:sprlmvf3 172.16.0.0/12 nomatch",
    ]);
  });

  it.each([
    ["0.0.0.0/0", ["128.0.0.0/1"], ["0.0.0.0/1", "128.0.0.0/1 nomatch"]],
    [
      "0.0.0.0/0",
      ["0.0.0.0/1", "172.16.0.0/12"],
      ["128.0.0.0/1", "0.0.0.0/1 nomatch", "172.16.0.0/12 nomatch"],
    ],
    ["::/0", ["8000::/1", "::/2"], ["::/1", "::/2 nomatch", "8000::/1 nomatch"]],
  ] as const)(
    "002-19 %s except %j: a half that is an exception is no member as well",
    (all, holes, entries) => {
      const set = new RegExp(`^pod-qos-eth0:${all.includes(":") ? 6 : 4}:[0-9a-z]{8} `);
      const members = lines([classified({ to: [to(all, ...holes)] })], "ipset");
      expect(members.map((member) => member.replace(set, ""))).toEqual(entries);
    },
  );

  it("002-18 from a source", () => {
    const rules = [classified({ from: [to("10.244.0.0/16")], to: [to("10.0.0.0/8"), to("192.0.2.0/24")] })];
    expect(lines(rules, "iptables")[0]).toBe(
      "POD-QOS-eth0 -s 10.244.0.0/16 -m set --match-set pod-qos-eth0:4:1nbaxk3g dst -g POD-QOS-eth0:0",
    );
  });

  it("that comes before others leaves them their sets: these change before the chains that look into them", () => {
    const former = classified({ to: [to("10.0.0.0/8"), to("192.0.2.0/24")] });
    const fresh = classified({ to: [to("172.16.0.0/12"), to("198.51.100.0/24")] }, { dscp: 8 });
    const before = lines([former], "ipset");
    expect(before).toHaveLength(2);
    expect(lines([fresh, former], "ipset").slice(2)).toEqual(before);
  });

  it("of an interface with a long name has a set that the kernel can name, and the one that replaces it too", () => {
    const all = programs([classified({ to: [to("10.0.0.0/8"), to("192.0.2.0/24")] })], "abcdefghijklmno");
    expect(JSON.stringify(all)).toMatch(/"pod-qos-abcdefghijklmno:4:[0-9a-z]{4}"/);
  });

  it("whose source and destination are of different families is no rule at all", () => {
    expect(programs([classified({ from: [to("10.244.0.0/16")], to: [to("2001:db8::/32")] })])).toEqual([]);
  });

  it("002-20 with ports takes a line for each protocol, all of them with one verdict", () => {
    const ports = [
      { protocol: "TCP", port: 443 },
      { protocol: "UDP" },
      { protocol: "TCP", port: 8443 },
      { protocol: "SCTP", port: 36412 },
    ];
    expect(lines([classified({ ports })], "ip6tables")).toEqual([
      "POD-QOS-eth0 -p tcp -m multiport --dports 443,8443 -g POD-QOS-eth0:0",
      "POD-QOS-eth0 -p udp -g POD-QOS-eth0:0",
      "POD-QOS-eth0 -p sctp -m multiport --dports 36412 -g POD-QOS-eth0:0",
      "POD-QOS-eth0:0 -j DSCP --set-dscp 0x01",
    ]);
  });

  it("with more ports than multiport takes is spread over several lines", () => {
    const ports = Array.from({ length: 31 }, (_, port) => ({ protocol: "UDP", port: port + 1 }));
    const dports = lines([classified({ ports })], "iptables").map(
      (line) => line.match(/\d+(?=[, ])/g)?.length,
    );
    expect(dports).toHaveLength(4);
    expect(lines([classified({ ports })], "iptables")[2]).toBe(
      "POD-QOS-eth0 -p udp -m multiport --dports 31 -g POD-QOS-eth0:0",
    );
  });

  it("002-22 marks and limits in one verdict, which ends the walk", () => {
    const limited = rulesOf({
      dscp: 20,
      bandwidth: { rate: 20_000 },
      classifier: { to: [to("192.0.2.0/24")] },
    });
    expect(lines([...limited, markAll("test", 8)], "iptables")).toEqual([
      "POD-QOS-eth0 -d 192.0.2.0/24 -g POD-QOS-eth0:0",
      "POD-QOS-eth0 -j DSCP --set-dscp 0x08",
      "POD-QOS-eth0:0 -j DSCP --set-dscp 0x14",
      "POD-QOS-eth0:0 -j CLASSIFY --set-class 0905:0010",
    ]);
  });

  it("that does nothing lets what it matches alone", () => {
    const rules = rulesOf({ classifier: { to: [to("10.0.0.0/8")] } }, { dscp: 10 });
    expect(lines(rules, "iptables")).toEqual([
      "POD-QOS-eth0 -d 10.0.0.0/8 -j RETURN",
      "POD-QOS-eth0 -j DSCP --set-dscp 0x0a",
    ]);
  });
});

describe("several rules", () => {
  it("001-9 002-12 stand in their order; what stands behind a rule for everything is left out", () => {
    const rules = rulesOf({ dscp: 28 }, { dscp: 30, classifier: { to: [to("1.2.3.0/24")] } });
    expect(lines(rules, "iptables")).toEqual(["POD-QOS-eth0 -j DSCP --set-dscp 0x1c"]);
  });

  it("001-21 share sets and verdicts where they are the same", () => {
    const blocks = [to("10.0.0.0/8", "10.1.0.0/16")];
    const ports = [{ protocol: "TCP" }];
    const rules = rulesOf(
      { dscp: 10, classifier: { to: blocks, ports } },
      { dscp: 10, classifier: { to: blocks } },
    );
    expect(lines(rules, "ipset")).toHaveLength(2);
    expect(lines(rules, "iptables").filter((line) => line.startsWith("POD-QOS-eth0:"))).toHaveLength(1);
  });

  it("with a limit each have a class of their own", () => {
    const one = { bandwidth: { rate: 1000 }, classifier: { to: [to("10.0.0.0/8")] } };
    expect(lines(rulesOf(one, one), "iptables").filter((line) => line.includes("CLASSIFY"))).toEqual([
      "POD-QOS-eth0:0 -j CLASSIFY --set-class 0905:0010",
      "POD-QOS-eth0:1 -j CLASSIFY --set-class 0905:0011",
    ]);
  });

  it("no rules are no programs, and without IPv6 in the kernel there is none for it", () => {
    expect(programs([])).toEqual([]);
    expect(ruleChains("eth0", [markAll("test", 46)], false).map(({ tool }) => tool)).not.toContain(
      "ip6tables",
    );
  });
});
