import { describe, expect, it } from "vitest";
import { ruleBefore } from "../../../plugin/program/iptables/mangle.ts";

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
