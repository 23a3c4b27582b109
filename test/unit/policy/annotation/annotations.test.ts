import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { markAll } from "../../../../plugin/policy/policy.ts";
import { policyOf } from "../../support/request.ts";
import { refusal } from "../../support/refusal.ts";

describe("an annotation for one interface", () => {
  const annotations = {
    "pod-qos/dscp": "10",
    "net1.pod-qos/dscp": "EF",
    "eth0.100.pod-qos/dscp": "20",
    "pod-qos/discipline": "police",
    "net1.pod-qos/discipline": "shape",
    "pod-qos/egress-bandwidth": "1M",
    "net1.pod-qos/egress-bandwidth": "2M",
  };

  it.each([
    { ifname: "net1", dscp: 46, discipline: "shape", rate: 2e6 },
    { ifname: "eth0", dscp: 10, discipline: "police", rate: 1e6 },
    { ifname: "eth0.100", dscp: 20, discipline: "police", rate: 1e6 },
    { ifname: "net", dscp: 10, discipline: "police", rate: 1e6 },
  ])("speaks of $ifname alone and wins over the plain key there", ({ ifname, dscp, discipline, rate }) => {
    const policy = policyOf({ annotations, ifname });
    expect([policy.rules.at(-1)?.dscp, policy.discipline, policy.egress?.rate]).toEqual([
      dscp,
      discipline,
      rate,
    ]);
  });
});

describe("a key of our own prefix", () => {
  it.each([
    "pod-qos/egres-bandwidth",
    "pod-qos/",
    "pod-qos/DSCP",
    "net1.pod-qos/bandwidth",
    "pod-qos/dscp/x",
    "pod-qos/constructor",
  ])("%s is not known: the error names it and the keys that exist", (key) => {
    const { code, message } = refusal(() => policyOf({ annotations: { [key]: "1M" } }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`annotation ${key} is not known`);
    expect(message).toContain(
      "ingress-bandwidth, egress-bandwidth, ingress-burst, egress-burst, discipline, dscp, egress",
    );
  });

  it.each([
    ["pod-qos/class", "eth0"],
    ["net1.pod-qos/class", "net1"],
  ])("%s is refused for %s where the conf has no uplink, and so no classes", (key, ifname) => {
    const { code, message } = refusal(() => policyOf({ annotations: { [key]: "x" }, ifname }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`annotation ${key} is "x", but the conf of this network has no "uplink"`);
  });

  it("a plain class may be meant for another network of the pod: told, not refused", () => {
    const { warnings } = policyOf({ annotations: { "pod-qos/class": "x" }, ifname: "net1" });
    expect(warnings).toEqual([expect.stringContaining('annotation pod-qos/class is "x"')]);
  });

  it.each(["my-pod-qos/dscp", "example.com/pod-qos", "kubernetes.io/bandwidth", "app"])(
    "%s is somebody else's and none of our business",
    (key) => {
      expect(policyOf({ annotations: { [key]: "nonsense" } })).toMatchObject({ rules: [], warnings: [] });
    },
  );
});

describe("a malformed value fails although another wish outranks it", () => {
  const outranking = { ingressRate: 1e6, ingressBurst: 8e4, egressRate: 1e6, egressBurst: 8e4 };

  it.each([
    ["pod-qos/egress-bandwidth", "100m", "from 1k to 1P"],
    ["pod-qos/ingress-bandwidth", "fast", "from 1k to 1P"],
    ["kubernetes.io/egress-bandwidth", "999", "from 1k to 1P"],
    ["kubernetes.io/ingress-bandwidth", "1MB", "from 1k to 1P"],
    ["pod-qos/egress-burst", "0", "above 0 and below 32Gi"],
    ["pod-qos/ingress-burst", "64Gi", "above 0 and below 32Gi"],
    ["pod-qos/discipline", "SHAPE", "one of shape, police"],
    ["pod-qos/dscp", "64", "0 to 63, or a name"],
    ["net7.pod-qos/dscp", "ef", "0 to 63, or a name"],
    ["net7.pod-qos/egress-bandwidth", "1", "from 1k to 1P"],
  ])("%s: %s", (key, value, allowed) => {
    const { code, message } = refusal(() => policyOf({ conf: outranking, annotations: { [key]: value } }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`annotation ${key}: ${JSON.stringify(value)} is not valid: `);
    expect(message).toContain(allowed);
  });

  it.each([
    [{ IngressRate: "1M" }, "runtimeConfig.bandwidth.ingressRate"],
    [{ egressRate: 7 }, "runtimeConfig.bandwidth.egressRate"],
    [{ EgressRate: -1 }, "runtimeConfig.bandwidth.egressRate"],
    [{ EgressRate: 2e15 }, "runtimeConfig.bandwidth.egressRate"],
  ])("the capability %j", (bandwidth, field) => {
    expect(refusal(() => policyOf({ conf: outranking, bandwidth })).message).toContain(`${field}: `);
  });

  it.each([
    [{ ingressBandwidth: "1" }, "defaults.ingressBandwidth"],
    [{ egressBandwidth: 1e6 }, "defaults.egressBandwidth"],
    [{ dscp: "ef" }, "defaults.dscp"],
  ])("the conf's defaults %j", (defaults, field) => {
    const saying = { conf: { ...outranking, defaults }, annotations: { "pod-qos/dscp": "1" } };
    expect(refusal(() => policyOf(saying)).message).toContain(`${field}: `);
  });
});

it.each([
  ["the annotation", { "pod-qos/dscp": "46" }, 46, "annotation pod-qos/dscp"],
  ["the conf's default without one", {}, 8, "defaults.dscp"],
])("001-5 the mark is that of %s", (_, annotations, dscp, source) => {
  expect(policyOf({ conf: { defaults: { dscp: "CS1" } }, annotations }).rules).toEqual([
    markAll(source, dscp),
  ]);
});
