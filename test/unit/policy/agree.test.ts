import { describe, expect, it } from "vitest";
import {
  agreement,
  contradiction,
  differences,
  type Declaration,
} from "../../../plugin/policy/uplink/agree.ts";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const bulk = runbook.classes["bulk-seed"];
const link = { device: "eth0", speed: 10e9 };
const saying = (network: string, conf: object, speed?: number): Declaration => ({
  network,
  conf: parseUplink("uplink", conf),
  uplink: uplinkOf(conf, speed),
});
const said = (network: string, rate = "500M"): Declaration =>
  saying(network, { ...runbook, classes: { ...runbook.classes, "bulk-seed": { ...bulk, rate } } });

describe("networks that share an uplink", () => {
  it.each<
    readonly [string, Declaration, Declaration | undefined, readonly Declaration[], "stands" | "is new"]
  >([
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
  ])("%s", (_, mine, standing, others, kind) => {
    const agreed = agreement(mine, standing, others, link);
    expect(agreed).toEqual(kind === "stands" ? { kind } : { kind, contrary: [] });
  });

  it("are told who said what", () => {
    const mine = said("b", "400M");
    expect(agreement(mine, said("a"), [said("a"), said("c", "400M")], link)).toEqual({
      kind: "is new",
      contrary: [said("a")],
    });
    const { code, message, details } = contradiction(mine, said("a"));
    expect(code).toBe(7);
    expect(message).toBe('networks "b" and "a" share the uplink eth0 and must say the same of it');
    expect(details).toBe(
      'classes.bulk-seed.rate: "b" says 400M, "a" says 500M\n' +
        'make their confs agree; what "a" says counts for a minute, and while it has pods on eth0',
    );
  });

  describe("of the link's own speed", () => {
    const auto = { ...runbook, rate: "auto", classes: { default: { rate: "450M" } } };
    const slower = { device: "eth0", speed: 1e9 };

    it("go on agreeing when that changes, and what stands is what it comes to now", () => {
      const mine = saying("a", auto, slower.speed);
      const before = saying("b", auto, 10e9);
      expect(agreement(mine, before, [before], slower)).toEqual({ kind: "is new", contrary: [] });
      expect(agreement(mine, mine, [before], slower)).toEqual({ kind: "stands" });
    });

    it("are told where they differ, also when the other's conf cannot be on this link", () => {
      const mine = saying("a", auto, slower.speed);
      const before = saying("b", { ...auto, classes: { default: { rate: "2G" } } }, 10e9);
      const agreed = agreement(mine, before, [before], slower);
      expect(agreed).toEqual({ kind: "is new", contrary: [before] });
      expect(contradiction(mine, before).details).toContain(
        'classes.default.rate: "a" says 450M, "b" says 2G',
      );
    });
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
