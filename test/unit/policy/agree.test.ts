import { describe, expect, it } from "vitest";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { differences, onLink, settleWith, type Said } from "../../../plugin/policy/uplink/agree.ts";
import { decideUplink } from "../../../plugin/policy/uplink/uplink.ts";
import { refusal } from "../support/refusal.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const bulk = runbook.classes["bulk-seed"];
const said = (network: string, rate = "500M"): Said => ({
  network,
  uplink: uplinkOf({ ...runbook, classes: { ...runbook.classes, "bulk-seed": { ...bulk, rate } } }),
});

describe("networks that share an uplink", () => {
  it.each([
    ["the first says what it likes", said("a"), undefined, [], "is new"],
    ["the second says the same", said("b"), said("a"), [said("a")], "stands"],
    ["who is alone may change its mind", said("a", "400M"), said("a"), [], "is new"],
    [
      "who says what stands is not disturbed by one that would have it otherwise",
      said("a"),
      said("a"),
      [said("b", "400M")],
      "stands",
    ],
    ["the last to say the new makes it true", said("b", "400M"), said("a"), [said("a", "400M")], "is new"],
  ])("%s", (_, mine, standing, others, answer) => {
    expect(settleWith(mine, standing, others, () => true)).toBe(answer);
  });

  it("are told who said what", () => {
    const { code, message, details } = refusal(() =>
      settleWith(said("b", "400M"), said("a"), [said("a")], () => true),
    );
    expect(code).toBe(7);
    expect(message).toBe('networks "b" and "a" share the uplink eth0 and must say the same of it');
    expect(details).toBe(
      'classes.bulk-seed.rate: "b" says 400M, "a" says 500M\n' +
        'make their confs agree; what "a" says counts for a minute, and while it has pods on eth0',
    );
  });

  it("go on without one that has no pods any more", () => {
    const settled = settleWith(said("b", "400M"), said("a"), [said("a")], ({ network }) => network !== "a");
    expect(settled).toBe("is new");
  });

  it("say the same of a link whose speed has changed when their confs do", () => {
    const conf = parseUplink("uplink", { ...runbook, rate: "auto", classes: { default: { rate: "1M" } } });
    const link = { device: "eth0", speed: 10e9 };
    const before: Said = { network: "a", uplink: decideUplink(conf, link), conf };
    const slower = { ...link, speed: 1e9 };
    const mine: Said = { network: "b", uplink: decideUplink(conf, slower), conf };
    expect(settleWith(mine, before, [onLink(before, slower)], () => true)).toBe("is new");
    expect(onLink(before, slower).uplink.rate).toBe(950e6);
  });

  it("may select different pods", () => {
    const other = uplinkOf({
      ...runbook,
      classes: { ...runbook.classes, "bulk-seed": { ...bulk, podSelector: { matchLabels: { tier: "x" } } } },
    });
    expect(differences(said("a").uplink, other)).toEqual([]);
  });

  it("differ by every other word, a class more or less too", () => {
    const changes: readonly object[] = [
      { ...runbook, rate: "960M" },
      { ...runbook, classes: { default: runbook.classes.default } },
      ...[
        { priority: 2 },
        { ceil: "900M" },
        { set: "x" },
        { mark: "0x2" },
        { dscp: 10 },
        { burst: "1M" },
        { quantum: 2000 },
      ].map((change) => ({
        ...runbook,
        classes: { ...runbook.classes, "bulk-seed": { ...bulk, ...change } },
      })),
    ];
    for (const change of changes) {
      expect(differences(said("a").uplink, uplinkOf(change)), JSON.stringify(change)).not.toEqual([]);
    }
  });
});
