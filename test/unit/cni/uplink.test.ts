import { describe, expect, it } from "vitest";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { refusal } from "../support/refusal.ts";
import { runbook } from "../support/uplink.ts";

describe("the conf's uplink", () => {
  it("000-1 has the runbook's four settings", () => {
    const { device, rate, defaultClass, classes } = parseUplink("uplink", runbook);
    expect({ device, rate, defaultClass }).toEqual({
      device: "eth0",
      rate: "950M",
      defaultClass: "default",
    });
    expect(classes.map(({ name, rate: own, ceil }) => ({ name, own, ceil }))).toEqual([
      { name: "default", own: "450M", ceil: undefined },
      { name: "bulk-seed", own: "500M", ceil: "950M" },
    ]);
  });

  it.each([
    [{ devcie: "eth0" }, 'unknown key "uplink.devcie": known are device, rate, default, classes'],
    [{ device: undefined }, "uplink.device: null is not valid: a string that is not empty"],
    [{ device: "eth0+" }, 'uplink.device "eth0+" has a character'],
    [{ default: undefined }, "uplink.default: null is not valid"],
    [{ classes: [] }, "uplink.classes: [] is not valid: an object"],
    [{ classes: { default: { rtae: "1M" } } }, 'unknown key "uplink.classes.default.rtae"'],
    [{ classes: { "20": { rate: "1M" } } }, 'uplink.classes: "20" cannot name a class'],
    [{ classes: { bulk: { priority: 8 } } }, "uplink.classes.bulk.priority: 8 is not valid"],
    [{ classes: { bulk: { quantum: "1" } } }, "uplink.classes.bulk.quantum"],
    [{ classes: { bulk: { set: "a b" } } }, 'uplink.classes.bulk.set: "a b" is not valid'],
    [{ classes: { bulk: { set: "x".repeat(29) } } }, "at most 28 characters"],
  ])("%j is refused", (change, message) => {
    const error = refusal(() => parseUplink("uplink", { ...runbook, ...change }));
    expect(error.message).toContain(message);
    expect(error.code).toBe(7);
  });

  it("a set's name may have 28 characters, that of its IPv6 set then 31", () => {
    const set = "x".repeat(28);
    const { classes } = parseUplink("uplink", { ...runbook, classes: { bulk: { set } } });
    expect(classes[0]?.set).toBe(set);
  });
});
