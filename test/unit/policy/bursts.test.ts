import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../plugin/errors.ts";
import { validateConf } from "../../../plugin/policy/policy.ts";
import { policyOf, requestOf } from "../support/request.ts";
import { refusal } from "../support/refusal.ts";

describe("a burst annotation", () => {
  it.each([
    ["an own annotation", { annotations: { "pod-qos/egress-bandwidth": "10M" } }],
    ["a kubernetes.io annotation", { annotations: { "kubernetes.io/egress-bandwidth": "10M" } }],
    ["the capability, over the runtime's burst", { bandwidth: { EgressRate: 10e6, EgressBurst: 5e5 } }],
    ["the conf's default", { conf: { defaults: { egressBandwidth: "10M" } } }],
  ])("goes with a cap from %s", (_, saying) => {
    const annotations = {
      ...("annotations" in saying ? saying.annotations : {}),
      "pod-qos/egress-burst": "400k",
    };
    const { egress } = policyOf({ ...saying, annotations });
    expect([egress?.rate, egress?.burst, egress?.burstSource]).toEqual([
      10e6,
      4e5,
      "annotation pod-qos/egress-burst",
    ]);
  });

  it("for one interface wins over the plain one", () => {
    const annotations = {
      "pod-qos/egress-bandwidth": "10M",
      "pod-qos/egress-burst": "400k",
      "net1.pod-qos/egress-burst": "500k",
    };
    expect(policyOf({ annotations, ifname: "net1" }).egress?.burst).toBe(5e5);
    expect(policyOf({ annotations }).egress?.burst).toBe(4e5);
  });

  it("may be meant for another interface, the one that has the cap", () => {
    const annotations = { "pod-qos/egress-burst": "400k", "net1.pod-qos/egress-bandwidth": "10M" };
    expect(policyOf({ annotations }).egress).toBeUndefined();
    expect(policyOf({ annotations, ifname: "net1" }).egress?.burst).toBe(4e5);
  });

  it("of the runtime that is no number is refused, not ignored", () => {
    const refused = refusal(() => policyOf({ bandwidth: { egressRate: 10e6, egressBurst: "4k" } }));
    expect(refused.code).toBe(ErrorCode.invalidConfig);
    expect(refused.message).toMatch(/egressBurst.*"4k"/);
  });

  it("yields to static conf, which wins with rate and burst", () => {
    const conf = { egressRate: 1e6, egressBurst: 8e4 };
    const { egress } = policyOf({ conf, annotations: { "pod-qos/egress-burst": "400k" } });
    expect([egress?.rate, egress?.burst]).toEqual([1e6, 8e4]);
  });

  it.each(["ingress", "egress"])("of %s without any cap is refused, and says what to set", (direction) => {
    const key = `pod-qos/${direction}-burst`;
    const { code, message } = refusal(() => policyOf({ annotations: { [key]: "400k" } }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toBe(
      `annotation ${key} is "400k" but nothing caps ${direction}: set pod-qos/${direction}-bandwidth as well`,
    );
  });
});

describe("a runtime's burst", () => {
  it.each([
    ["dockershim's sentinel", 2 ** 31 - 1],
    ["containerd's sentinel", 2 ** 32 - 1],
    ["CRI-O's sentinel", 8 * (2 ** 32 - 1) - 1],
    ["zero", 0],
    ["nothing", undefined],
    ["null", null],
  ])("that is %s means that none was given", (_, egressBurst) => {
    const { egress } = policyOf({ bandwidth: { egressRate: 1e7, egressBurst } });
    expect(egress).toEqual({
      rate: 1e7,
      burst: undefined,
      source: "runtimeConfig.bandwidth.egressRate",
      burstSource: undefined,
    });
  });

  it.each([1, 400_000, 2 ** 31 - 2])("of %d bits is somebody's wish and is kept", (egressBurst) => {
    const { egress } = policyOf({ bandwidth: { egressRate: 1e7, egressBurst } });
    expect([egress?.burst, egress?.burstSource]).toEqual([
      egressBurst,
      "runtimeConfig.bandwidth.egressBurst",
    ]);
  });
});

describe("a runtime's burst without a rate", () => {
  it.each([
    [{ egressBurst: 1 }, 1],
    [{ EgressRate: 0, EgressBurst: 400_000 }, 400_000],
    [{ egressRate: null, egressBurst: 2 ** 31 - 2 }, 2 ** 31 - 2],
  ])("is refused, as in the conf: %j", (bandwidth, bits) => {
    const { code, message } = refusal(() => policyOf({ bandwidth }));
    expect([code, message]).toEqual([
      ErrorCode.invalidConfig,
      `runtimeConfig.bandwidth.egressBurst is ${bits} but runtimeConfig.bandwidth.egressRate is not set: ` +
        "a burst alone is no limit",
    ]);
  });

  it.each([
    ["containerd for a direction that nobody limits", { EgressRate: 0, EgressBurst: 0 }],
    ["containerd's sentinel", { EgressRate: 0, EgressBurst: 2 ** 32 - 1 }],
    ["CRI-O's sentinel", { egressRate: 0, egressBurst: 8 * (2 ** 32 - 1) - 1 }],
    ["dockershim's sentinel", { egressBurst: 2 ** 31 - 1 }],
    ["a sentinel of 64 bits", { egressBurst: 2 ** 64 }],
  ])("is none where it is that of a runtime, not of a person: %s", (_, bandwidth) => {
    expect(policyOf({ bandwidth: { ...bandwidth, IngressRate: 1e6 } })).toMatchObject({
      egress: undefined,
      ingress: { rate: 1e6 },
    });
  });
});

describe("a runtime's rate", () => {
  it.each([8, 800, 999, 1000, 1e15])(
    "of %d bit/s is taken, as the bandwidth plugin takes it",
    (egressRate) => {
      expect(policyOf({ bandwidth: { egressRate } }).egress?.rate).toBe(egressRate);
    },
  );

  it.each([1, 7, 1e15 + 1, 1000.5, "1k", true])("of %j is refused", (egressRate) => {
    const { message } = refusal(() => policyOf({ bandwidth: { egressRate } }));
    expect(message).toContain(
      `runtimeConfig.bandwidth.egressRate: ${JSON.stringify(egressRate)} is not valid: bit/s, a whole number from 8`,
    );
  });
});

describe("discipline and enforce", () => {
  it.each([
    [{}, {}, "shape"],
    [{ discipline: "police" }, {}, "police"],
    [{ discipline: "police" }, { "pod-qos/discipline": "shape" }, "shape"],
    [{}, { "pod-qos/discipline": "police" }, "police"],
    [{}, { "pod-qos/discipline": "police", "eth0.pod-qos/discipline": "shape" }, "shape"],
    [{}, { "net1.pod-qos/discipline": "police" }, "shape"],
  ])("conf %j and annotations %j make %s", (conf, annotations, discipline) => {
    expect(policyOf({ conf, annotations }).discipline).toBe(discipline);
  });

  it.each(["auto", "host", "pod"])("enforce %s comes from the conf alone", (enforce) => {
    expect(policyOf({ conf: { enforce } }).enforce).toBe(enforce);
  });
});

it.each([
  [{ ingressRate: 999, ingressBurst: 8e4 }, "ingressRate"],
  [{ egressRate: 2e15, egressBurst: 8e4 }, "egressRate"],
  [{ egressRate: 1e6, egressBurst: 2 ** 35 }, "egressBurst"],
  [{ defaults: { egressBandwidth: "100m" } }, "defaults.egressBandwidth"],
  [{ defaults: { dscp: 64 } }, "defaults.dscp"],
])("STATUS finds what is wrong with the conf alone: %j", (conf, field) => {
  expect(refusal(() => validateConf(requestOf({ conf }).conf)).message).toMatch(new RegExp(`^${field}: `));
});
