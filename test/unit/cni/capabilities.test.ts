import { describe, expect, it } from "vitest";
import { unheard } from "../../../plugin/cni/capabilities.ts";

const annotations = "io.kubernetes.cri.pod-annotations";

describe("a conf by which no pod can have a limit is told", () => {
  it.each<readonly [string, object]>([
    ["no capabilities", {}],
    ["capabilities that are off", { capabilities: { bandwidth: false, [annotations]: false } }],
    ["those of another plugin", { capabilities: { portMappings: true } }],
    ["null for its own wishes", { defaults: null, egressRate: null }],
  ])("%s", (_, document) => {
    expect(unheard({ ...document })).toMatch(/every pod is unlimited.*"bandwidth": true/);
  });
});

describe("nothing is said of a conf", () => {
  it.each<readonly [string, object]>([
    ["that hears of caps", { capabilities: { bandwidth: true } }],
    ["that hears of annotations", { capabilities: { [annotations]: true } }],
    ["whose runtime passes wishes on unasked", { runtimeConfig: { [annotations]: {} } }],
    ["with caps of its own", { egressRate: 1000 }],
    ["with defaults", { defaults: { dscp: 5 } }],
    ["with manifests", { policyDir: "/etc/cni/pod-qos" }],
    ["with rules", { egress: [] }],
    ["with an uplink", { uplink: {} }],
  ])("%s", (_, document) => {
    expect(unheard({ ...document })).toBeUndefined();
  });
});
