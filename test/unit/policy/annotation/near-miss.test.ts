import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { policyOf } from "../../support/request.ts";
import { refusal } from "../../support/refusal.ts";

describe("a key that misses our prefix by its spelling", () => {
  it.each([
    ["Pod-QoS/dscp", "pod-qos/dscp"],
    ["POD-QOS/dscp", "pod-qos/dscp"],
    ["pod_qos/egress", "pod-qos/egress"],
    ["podqos/dscp", "pod-qos/dscp"],
    ["net1.Pod-qos/dscp", "net1.pod-qos/dscp"],
  ])("%s is refused and told what was meant", (key, meant) => {
    const { code, message } = refusal(() => policyOf({ annotations: { [key]: "5" } }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`annotation ${key} is not known`);
    expect(message).toContain(`did you mean ${meant}?`);
  });
});

describe("a key of somebody else's namespace that misses one that limits", () => {
  it.each([
    ["kubernetes.io/egres-bandwidth", "kubernetes.io/egress-bandwidth"],
    ["kubernetes.io/egress-bandwith", "kubernetes.io/egress-bandwidth"],
    ["kubernetes.io/ingress-bandwidht", "kubernetes.io/ingress-bandwidth"],
    ["kubernetes.io/ingress-bandwidths", "kubernetes.io/ingress-bandwidth"],
    ["Kubernetes.io/Egress-bandwidth", "kubernetes.io/egress-bandwidth"],
    ["pod-qoss/egress-bandwidth", "pod-qos/egress-bandwidth"],
    ["pod-qso/dscp", "pod-qos/dscp"],
    ["pod-qs/class", "pod-qos/class"],
    ["pod-qos.io/egress-bandwidth", "pod-qos/egress-bandwidth"],
    ["net1.pod-qoss/egress", "pod-qos/egress"],
  ])("%s is let pass with a warning", (key, meant) => {
    const { warnings, egress, ingress } = policyOf({ annotations: { [key]: "1M" } });
    expect(warnings).toEqual([`annotation ${key} is not one that limits anything: did you mean ${meant}?`]);
    expect([egress, ingress]).toEqual([undefined, undefined]);
  });

  it.each([
    "kubernetes.io/egress-bandwidth",
    "kubernetes.io/ingress-bandwidth",
    "kubernetes.io/bandwidth",
    "kubernetes.io/config.source",
    "example.com/egress-bandwidth",
    "my-qos/class",
    "pod-security/class",
    "qos/dscp",
  ])("%s is no such key", (key) => {
    expect(policyOf({ annotations: { [key]: "1M" } }).warnings).toEqual([]);
  });
});
