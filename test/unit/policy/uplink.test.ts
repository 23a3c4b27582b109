import { describe, expect, it } from "vitest";
import { decidePolicy, noRules, type Policy } from "../../../plugin/policy/policy.ts";
import { chooseClass, type ClassRequest, type UplinkChoice } from "../../../plugin/policy/uplink/choose.ts";
import { parseFirewallMark } from "../../../plugin/policy/uplink/mark.ts";
import { validateUplink } from "../../../plugin/policy/uplink/uplink.ts";
import { quantityText } from "../../../plugin/policy/uplink/words.ts";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { requestOf } from "../support/request.ts";
import { refusal } from "../support/refusal.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const withBulk = (change: object): object => ({
  ...runbook,
  classes: { ...runbook.classes, "bulk-seed": { ...runbook.classes["bulk-seed"], ...change } },
});

describe("classes", () => {
  it("000-2 000-3 000-8 are numbered 1:10 for the default, then in the order of the conf", () => {
    const { rate, classes } = uplinkOf({
      ...runbook,
      classes: { first: { rate: "1M" }, ...runbook.classes, last: { rate: "1k", set: "last" } },
      rate: "1G",
    });
    expect(rate).toBe(1e9);
    expect(classes.map(({ name, minor, rate: own, ceil, set }) => [minor, name, own, ceil, set])).toEqual([
      ["10", "default", 450e6, 1e9, undefined],
      ["20", "first", 1e6, 1e9, "pod-qos-first"],
      ["30", "bulk-seed", 500e6, 950e6, "bulkseed-pods"],
      ["40", "last", 1e3, 1e9, "last"],
    ]);
  });

  it("the hundredth class is 1:1000, which tc reads as hexadecimal like the others", () => {
    const many = Object.fromEntries(
      Array.from({ length: 99 }, (_, at) => [`c${at}`, { rate: "1k" }] as const),
    );
    const minors = uplinkOf({ ...runbook, classes: { default: { rate: "1M" }, ...many } }).classes.map(
      ({ minor }) => minor,
    );
    expect(minors.at(-1)).toBe("1000");
    expect(new Set(minors).size).toBe(100);
  });

  it("000-15 guarantees above the link are refused, with the sum", () => {
    const error = refusal(() => uplinkOf({ ...runbook, rate: "900M" }));
    expect(error.message).toBe(
      "uplink.classes.bulk-seed.ceil: \"950M\" is not valid: between the class's own rate (500M) and the link's (900M)",
    );
    expect(refusal(() => uplinkOf({ ...withBulk({ rate: "501M" }) })).message).toBe(
      "uplink.classes: the guaranteed rates add up to more than uplink.rate: default 450M + bulk-seed 501M = 951M, " +
        'the link has 950M: lower them by 1M, and let "ceil" say what a class may borrow',
    );
  });

  it("000-1 the default class without a rate is guaranteed what the others leave", () => {
    const { classes } = uplinkOf({ ...runbook, classes: { ...runbook.classes, default: {} } });
    expect(classes.map(({ name, rate }) => [name, rate])).toEqual([
      ["default", 450e6],
      ["bulk-seed", 500e6],
    ]);
    const whole = { ...runbook.classes["bulk-seed"], rate: "950M" };
    expect(
      refusal(() => uplinkOf({ ...runbook, classes: { default: {}, "bulk-seed": whole } })).message,
    ).toContain("default 1k + bulk-seed 950M");
  });

  it.each([
    [{ ...runbook, default: "defualt" }, 'no class "defualt" in uplink.classes (there: default, bulk-seed)'],
    [{ ...runbook, rate: "950m" }, 'uplink.rate: "950m" is not valid'],
    [withBulk({ rate: undefined }), "uplink.classes.bulk-seed.rate: null is not valid"],
    [withBulk({ ceil: "400M" }), "between the class's own rate (500M) and the link's (950M)"],
    [withBulk({ quantum: 10 }), "bytes, from 1500 to 200000"],
    [withBulk({ burst: "0" }), "uplink.classes.bulk-seed.burst"],
    [withBulk({ mark: "one" }), "uplink.classes.bulk-seed.mark"],
    [withBulk({ dscp: 64 }), "uplink.classes.bulk-seed.dscp: 64 is not valid"],
    [withBulk({ dscp: "CS0" }), 'uplink.classes.bulk-seed.dscp: "CS0" is not valid: 1 to 63 for a class'],
    [
      { ...runbook, rate: "1G", classes: { ...runbook.classes, b: { rate: "1k", set: "bulkseed-pods-v6" } } },
      'set "bulkseed-pods-v6" is taken by class bulk-seed already',
    ],
    [withBulk({ podSelector: { matchLabel: {} } }), "podSelector.matchLabel"],
    [{ ...runbook, classes: { default: { rate: "1M", set: "x" } } }, "not for the default class"],
    [
      { ...runbook, rate: "1G", classes: { ...runbook.classes, b: { rate: "1k", set: "bulkseed-pods" } } },
      'uplink.classes.b: set "bulkseed-pods" is taken by class bulk-seed already',
    ],
    [
      { ...runbook, rate: "1G", classes: { ...runbook.classes, b: { rate: "1k", mark: "0x3" } } },
      "mark 0x3/0x3 is taken by class bulk-seed already",
    ],
    [
      { ...runbook, rate: "1G", classes: { ...runbook.classes, b: { rate: "1k", dscp: "CS1" } } },
      "dscp 8 is taken by class bulk-seed already",
    ],
  ])("%j is refused", (conf, message) => {
    const error = refusal(() => uplinkOf(conf));
    expect(error.message).toContain(message);
    expect(error.code).toBe(7);
  });
});

describe('rate "auto"', () => {
  it.each([["auto"], [undefined]])("%s is 95 %% of what the kernel says the link does", (rate) => {
    expect(uplinkOf({ ...withBulk({ ceil: undefined }), rate }, 1e9).rate).toBe(950e6);
  });

  it("is refused where the kernel knows no speed, and let pass before anybody looked", () => {
    const conf = { ...withBulk({ ceil: undefined }), rate: "auto" };
    expect(refusal(() => uplinkOf(conf)).message).toContain("of which the kernel knows no speed");
    expect(() => validateUplink(parseUplink("uplink", conf))).not.toThrow();
  });
});

const found = (key: string, text: string, whose = "") => ({
  key,
  text,
  field: `annotation ${key}${whose}`,
});

describe("a pod's class", () => {
  const uplink = uplinkOf(runbook);
  const nothing: ClassRequest = { annotation: undefined, labels: undefined, fallback: undefined };
  const annotation = found("pod-qos/class", "default");
  const labels = { "traffic-tier": "bulk-seed", app: "seeder" };

  it.each([
    ["000-6 nothing said", {}, "default", "uplink.default"],
    ["000-5 a label", { labels }, "bulk-seed", "uplink.classes.bulk-seed.podSelector"],
    ["000-6 other labels", { labels: { app: "web" } }, "default", "uplink.default"],
    ["defaults.class", { fallback: "bulk-seed" }, "bulk-seed", "defaults.class"],
    [
      "a label before defaults.class",
      { labels, fallback: "default" },
      "bulk-seed",
      "uplink.classes.bulk-seed.podSelector",
    ],
    [
      "the annotation before both",
      { annotation, labels, fallback: "bulk-seed" },
      "default",
      "annotation pod-qos/class",
    ],
    [
      "the namespace's before defaults.class",
      { ofNamespace: found("pod-qos/class", "bulk-seed", " of namespace prod"), fallback: "default" },
      "bulk-seed",
      "annotation pod-qos/class of namespace prod",
    ],
    [
      "a label before the namespace's",
      { labels, ofNamespace: found("pod-qos/class", "default", " of namespace prod") },
      "bulk-seed",
      "uplink.classes.bulk-seed.podSelector",
    ],
    [
      "the pod's before the namespace's",
      { annotation, ofNamespace: found("pod-qos/class", "bulk-seed", " of namespace prod") },
      "default",
      "annotation pod-qos/class",
    ],
  ])("%s", (_, wish, name, source) => {
    const choice = chooseClass(uplink, { ...nothing, ...wish });
    expect([choice.chosen.name, choice.source]).toEqual([name, source]);
  });

  it.each([
    [
      { annotation: found("net1.pod-qos/class", "bulk") },
      'annotation net1.pod-qos/class: there is no class "bulk"',
    ],
    [{ fallback: "bulk" }, 'defaults.class: there is no class "bulk"'],
    [{ annotation, fallback: "bulk" }, 'defaults.class: there is no class "bulk"'],
    [
      { ofNamespace: found("pod-qos/class", "bulk", " of namespace prod") },
      'annotation pod-qos/class of namespace prod: there is no class "bulk"',
    ],
  ])("an unknown one is code 7 and lists those that exist: %j", (wish, message) => {
    const error = refusal(() => chooseClass(uplink, { ...nothing, ...wish }));
    expect(error.code).toBe(7);
    expect(error.message).toBe(`${message}: uplink.classes has default, bulk-seed`);
  });

  it.each([
    [{ key: "traffic-tier", operator: "In", values: ["bulk-seed", "x"] }, "bulk-seed"],
    [{ key: "traffic-tier", operator: "NotIn", values: ["x"] }, "bulk-seed"],
    [{ key: "nothing", operator: "NotIn", values: ["x"] }, "bulk-seed"],
    [{ key: "traffic-tier", operator: "Exists" }, "bulk-seed"],
    [{ key: "traffic-tier", operator: "DoesNotExist" }, "default"],
    [{ key: "nothing", operator: "Exists" }, "default"],
  ])("podSelector takes matchExpressions %j", (expression, name) => {
    const selective = uplinkOf(withBulk({ podSelector: { matchExpressions: [expression] } }));
    expect(chooseClass(selective, { ...nothing, labels }).chosen.name).toBe(name);
  });

  it("that is known by address is told of where prevResult names none", () => {
    const request = requestOf({ conf: { uplink: runbook, defaults: { class: "bulk-seed" } } });
    const wish = { ...nothing, fallback: "bulk-seed" };
    const choice: UplinkChoice = {
      ...chooseClass(uplink, wish),
      uplink,
      conf: parseUplink("uplink", runbook),
      link: { device: "eth0", speed: undefined, mtu: 1500 },
    };
    const decide = (addresses: readonly string[]): Policy =>
      decidePolicy({ ...request, addresses }, noRules, () => choice);
    expect(decide([]).warnings).toEqual([
      "class bulk-seed knows its pods by address, but prevResult has none of eth0: its traffic is in no class",
    ]);
    expect(decide(["192.0.2.7"])).toMatchObject({ warnings: [], rules: [{ dscp: 8 }] });
  });

  it("an empty podSelector takes every pod whose labels are known", () => {
    const every = uplinkOf(withBulk({ podSelector: {} }));
    expect(chooseClass(every, { ...nothing, labels: {} }).chosen.name).toBe("bulk-seed");
    expect(chooseClass(every, nothing).chosen.name).toBe("default");
  });
});

describe("a firewall mark", () => {
  it.each([
    ["0x1", 1, 1],
    ["0x1/0xff", 1, 255],
    ["16", 16, 16],
    [4, 4, 4],
    ["0xffff3fff", 0xffff3fff, 0xffff3fff],
    ["0x1/0xffffffff", 1, 0xffffffff],
  ])("%j leaves the bits of others alone", (written, value, mask) => {
    expect(parseFirewallMark("mark", written)).toEqual({ value, mask });
  });

  it.each([
    "",
    "0",
    "0x0/0xff",
    "0x100/0xff",
    "0x1/0",
    "0x1/",
    "/1",
    "0x1ffffffff",
    "4294967296",
    "-1",
    null,
  ])("%j is refused", (written) => {
    expect(refusal(() => parseFirewallMark("mark", written)).message).toContain("a mark such as");
  });
});

describe("a firewall mark that would have kube-proxy drop or masquerade a class", () => {
  it.each(["0x4000", "0x8000", "0x8001/0xffff", "32768", "0xffffffff"])("%s is refused", (written) => {
    expect(refusal(() => parseFirewallMark("mark", written)).message).toContain("are kube-proxy's");
  });
});

it.each([
  [450e6, "450M"],
  [1e9, "1G"],
  [12_500_000, "12.5M"],
  [12_345, "12.345k"],
  [1_234_567, "1234.567k"],
  [999, "999"],
])("%d bit/s is %s in words", (rate, words) => {
  expect(quantityText(rate)).toBe(words);
});
