import { describe, expect, it } from "vitest";
import { parseConf, readLeniently } from "../../../plugin/cni/conf.ts";

const bare = {
  network: "podnet",
  ingress: undefined,
  egress: undefined,
  defaults: { ingressBandwidth: undefined, egressBandwidth: undefined, dscp: undefined },
  enforce: "auto",
  discipline: "shape",
  rules: undefined,
  policyDir: undefined,
  stateDir: "/run/pod-qos",
  logFile: undefined,
  agent: "optional",
  logLevel: "info",
};

describe("parseConf", () => {
  it.each([
    [{}, {}],
    [{ enforce: "host" }, { enforce: "host" }],
    [
      { enforce: "pod", discipline: "police" },
      { enforce: "pod", discipline: "police" },
    ],
    [{ stateDir: "/var/lib/x" }, { stateDir: "/var/lib/x" }],
    [{ policyDir: "/etc/cni/pod-qos" }, { policyDir: "/etc/cni/pod-qos" }],
    [{ egress: [{ dscp: 5 }] }, { rules: [{ dscp: 5 }] }],
    [
      { logFile: "/var/log/x.log", logLevel: "debug" },
      { logFile: "/var/log/x.log", logLevel: "debug" },
    ],
    [{ ingressRate: 8e6, ingressBurst: 8e4 }, { ingress: { rate: 8e6, burst: 8e4 } }],
    [{ egressRate: 8e6, egressBurst: 8e4 }, { egress: { rate: 8e6, burst: 8e4 } }],
    [{ ingressRate: 0, ingressBurst: 0, egressRate: 0, egressBurst: 0 }, {}],
    [{ defaults: {} }, {}],
    [{ defaults: { dscp: "CS0" } }, { defaults: { ...bare.defaults, dscp: "CS0" } }],
    [
      { defaults: { ingressBandwidth: "1G", egressBandwidth: "2G" } },
      { defaults: { ...bare.defaults, ingressBandwidth: "1G", egressBandwidth: "2G" } },
    ],
  ])("004-1 reads %j", (conf, expected) => {
    expect(parseConf(conf, "podnet")).toEqual({ ...bare, ...expected });
  });

  it("takes null for not there, as Go's encoders write it", () => {
    const keys = [
      "ingressRate",
      "egressBurst",
      "defaults",
      "enforce",
      "discipline",
      "stateDir",
      "logFile",
      "logLevel",
    ];
    expect(parseConf(Object.fromEntries(keys.map((key) => [key, null])), "podnet")).toEqual(bare);
  });

  it("lets every key pass that CNI and the runtimes put there", () => {
    const keys = [
      "cniVersion",
      "cniVersions",
      "name",
      "type",
      "args",
      "capabilities",
      "dns",
      "ipMasq",
      "ipam",
      "prevResult",
      "runtimeConfig",
      "disableCheck",
      "disableGC",
      "loadOnlyInlinedPlugins",
      "cni.dev/attachments",
      "cni.dev/valid-attachments",
    ];
    expect(parseConf(Object.fromEntries(keys.map((key) => [key, {}])), "podnet")).toEqual(bare);
  });
});

describe("readLeniently", () => {
  it.each([
    [{}, {}],
    [
      { stateDir: "/s", logFile: "/l", logLevel: "error" },
      { stateDir: "/s", logFile: "/l", logLevel: "error" },
    ],
    [{ stateDir: 1, logFile: "x", logLevel: "loud", typo: true, egressRate: "x" }, {}],
    [{ stateDir: null, logLevel: null }, {}],
  ])("lets nothing mistyped block a pod's deletion: %j", (conf, expected) => {
    expect(readLeniently(conf)).toEqual({
      stateDir: "/run/pod-qos",
      logFile: undefined,
      logLevel: "info",
      ...expected,
    });
  });
});
