import { describe, expect, it } from "vitest";
import { ruleBefore, ruleBehind } from "../../../plugin/program/iptables/mangle.ts";

const jump = "POSTROUTING -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0";
const before = (rule: string, link: string | undefined = "eth0") => ruleBefore(jump, link, [rule, jump]);

describe("a rule before our jump takes all that leaves by the link", () => {
  it.each([
    "POSTROUTING -j ACCEPT",
    "POSTROUTING -o eth0 -j DROP",
    "POSTROUTING -o eth+ -j ACCEPT",
    "POSTROUTING ! -o lo -j ACCEPT",
    "POSTROUTING ! -o wg+ -j RETURN",
    'POSTROUTING -o eth0 -m comment --comment "not now" -j ACCEPT',
  ])("%s", (rule) => expect(before(rule)).toBe(rule));

  it.each([
    "POSTROUTING -o eth1 -j ACCEPT",
    "POSTROUTING -o net+ -j ACCEPT",
    "POSTROUTING ! -o eth0 -j ACCEPT",
    "POSTROUTING ! -o eth+ -j ACCEPT",
    "POSTROUTING -p udp -j ACCEPT",
    "POSTROUTING -j MARK --set-xmark 0x1/0x1",
    "OUTPUT -j ACCEPT",
  ])("not %s", (rule) => expect(before(rule)).toBeUndefined());

  it("not one behind it, nor one of a link where ours is of none", () => {
    expect(ruleBefore(jump, "eth0", [jump, "POSTROUTING -j ACCEPT"])).toBeUndefined();
    const ours = "PREROUTING -j POD-QOS-UP-eth0";
    expect(ruleBefore(ours, undefined, ["PREROUTING ! -o lo -j ACCEPT", ours])).toBeUndefined();
  });
});

const behind = (rule: string) => ruleBehind(jump, "eth0", [rule, jump, rule], ["DSCP"]);

describe("a rule behind our jump sets anew what is set there", () => {
  it.each([
    "POSTROUTING -j DSCP --set-dscp 0x00",
    "POSTROUTING -o eth+ -j DSCP --set-dscp 0x00",
    "POSTROUTING ! -o lo -j TOS --set-tos 0x00/0xff",
  ])("%s", (rule) => expect(behind(rule)).toBe(rule));

  it.each([
    "POSTROUTING -o eth1 -j DSCP --set-dscp 0x00",
    "POSTROUTING -p udp -j DSCP --set-dscp 0x00",
    "POSTROUTING -j CLASSIFY --set-class 0001:0010",
    "OUTPUT -j DSCP --set-dscp 0x00",
    "POSTROUTING -j ACCEPT",
  ])("not %s", (rule) => expect(behind(rule)).toBeUndefined());

  it("not one before it", () => {
    expect(ruleBehind(jump, "eth0", ["POSTROUTING -j DSCP --set-dscp 0x00", jump], ["DSCP"])).toBeUndefined();
  });
});
