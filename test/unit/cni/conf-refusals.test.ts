import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../plugin/errors.ts";
import { parseConf } from "../../../plugin/cni/conf.ts";
import { refusal } from "../support/refusal.ts";

describe("parseConf", () => {
  it.each([
    ["ingressRate", -1],
    ["ingressRate", 1.5],
    ["ingressBurst", "8000"],
    ["egressRate", 2 ** 53],
    ["egressRate", "10M"],
    ["egressBurst", true],
    ["defaults", []],
    ["defaults", "1G"],
    ["enforce", "node"],
    ["enforce", ""],
    ["discipline", "Shape"],
    ["discipline", 1],
    ["stateDir", ""],
    ["stateDir", "run/pod-qos"],
    ["stateDir", "/run\0"],
    ["policyDir", "policies"],
    ["policyDir", ""],
    ["logFile", "pod-qos.log"],
    ["logFile", false],
    ["logLevel", "trace"],
  ])("refuses %s %j: code 7 with field and value", (key, value) => {
    const { code, message } = refusal(() => parseConf({ [key]: value }, "podnet"));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toMatch(/ is not valid: (?:a|an|one|the) /);
    expect(message.startsWith(`${key}: ${JSON.stringify(value)} is not valid: `)).toBe(true);
  });

  it.each([
    [{ ingressRate: 1e6 }, "ingressRate is 1000000 but ingressBurst is not set"],
    [{ ingressBurst: 8e4 }, "ingressBurst is 80000 but ingressRate is not set"],
    [{ egressRate: 1e6, egressBurst: 0 }, "egressRate is 1000000 but egressBurst is not set"],
    [{ egressBurst: 8e4, egressRate: null }, "egressBurst is 80000 but egressRate is not set"],
  ])("refuses half a pair as the bandwidth plugin does: %j", (conf, text) => {
    const { code, message } = refusal(() => parseConf(conf, "podnet"));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(text);
    expect(message).toContain("if one is set the other must be, too");
  });

  it.each([
    [{ egresRate: 1 }, '"egresRate"'],
    [{ EgressRate: 1 }, '"EgressRate"'],
    [{ unshapedSubnets: [] }, '"unshapedSubnets"'],
    [{ a: 1, enforce: "pod", b: null }, '"a", "b"'],
    [Object.fromEntries("abcdefghij".split("").map((key) => [key, 1])), '"a", "b", "c", "d", "e" and 5 more'],
    [{ defaults: { egressBandwith: "1G" } }, '"defaults.egressBandwith"'],
    [{ defaults: { discipline: "shape" } }, '"defaults.discipline"'],
  ])("a typo must not become an unlimited pod: %j", (conf, named) => {
    const { code, message } = refusal(() => parseConf(conf, "podnet"));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`unknown key ${named}: known are `);
    expect(message).toContain(named.includes("defaults") ? "egressBandwidth" : "egressRate");
  });
});
