/** The manifests of the seed documents, as they are printed there. */
import { describe, expect, it } from "vitest";
import { decide, type Packet } from "../../../../plugin/policy/rule/model.ts";
import { NAD, NQOS } from "../../../lab/policy/guide.ts";
import { dscpsFor, rulesFor } from "../../support/manifests.ts";

const enhancement = `
kind: EgressQoS
apiVersion: k8s.ovn.org/v1
metadata:
  name: default
  namespace: default
spec:
  egress:
  - dscp: 46
    dstCIDR: 1.2.3.4/32
    podSelector:
      matchLabels:
        priority: Critical
  - dscp: 30
    dstCIDR: 0.0.0.0/0
`;

const packet = (destination: string, rest: Partial<Packet> = {}): Packet => ({
  source: destination.includes(":") ? "2001:db8:1::5" : "10.244.0.5",
  destination,
  protocol: "ICMP",
  port: undefined,
  ...rest,
});

async function markOf(text: string, labels: Record<string, string>, destination: string) {
  const rules = await rulesFor({ "qos.yaml": text }, { labels });
  const decided = decide(rules, packet(destination));
  return decided === undefined ? undefined : rules[decided]?.dscp;
}

describe("001 the EgressQoS of the enhancement", () => {
  it.each([
    ["001-10 a critical pod to the peer", { priority: "Critical" }, "1.2.3.4", 46],
    ["001-10 a critical pod to the rest", { priority: "Critical" }, "1.2.3.5", 30],
    ["001-10 an unlabelled pod to the peer", {}, "1.2.3.4", 30],
    ["001-11 003-17 IPv6 is not in 0.0.0.0/0", {}, "2001:db8::1", undefined],
  ])("%s", async (_, labels, destination, dscp) => {
    expect(await markOf(enhancement, labels, destination)).toBe(dscp);
  });

  const v6 = `
apiVersion: k8s.ovn.org/v1
kind: EgressQoS
metadata:
  name: default
  namespace: default
spec:
  egress:
  - dscp: 48
    dstCIDR: 2001:0db8:85a3:0000:0000:8a2e:0370:7330/124
`;

  it.each([
    ["2001:db8:85a3::8a2e:370:7334", 48],
    ["2001:db8:85a3::8a2e:370:7340", undefined],
    ["192.0.2.1", undefined],
  ])("001-12 001-16 to %s", async (destination, dscp) => {
    expect(await markOf(v6, {}, destination)).toBe(dscp);
  });
});

const three = (order: readonly number[]): string => {
  const rules = [
    `  - dscp: 30\n    dstCIDR: 1.2.3.0/24`,
    `  - dscp: 42\n    podSelector:\n      matchLabels:\n        app: example`,
    `  - dscp: 28`,
  ];
  const listed = order.map((at) => rules[at]).join("\n");
  return `kind: EgressQoS\napiVersion: k8s.ovn.org/v1\nmetadata:\n  name: default\nspec:\n  egress:\n${listed}\n`;
};

describe("003 the three rules", () => {
  it.each([
    ["003-4 a labelled pod to 1.2.3.0/24", { app: "example" }, "1.2.3.9", 30],
    ["003-2 a labelled pod elsewhere", { app: "example" }, "192.0.2.1", 42],
    ["003-2 003-6 a labelled pod elsewhere on IPv6", { app: "example" }, "2001:db8::1", 42],
    ["003-2 another pod elsewhere", { app: "other" }, "192.0.2.1", 28],
    ["003-2 another pod to 1.2.3.0/24", {}, "1.2.3.9", 30],
  ])("%s", async (_, labels, destination, dscp) => {
    expect(await markOf(three([0, 1, 2]), labels, destination)).toBe(dscp);
  });

  it.each([
    [{ app: "example" }, "1.2.3.9"],
    [{ app: "example" }, "192.0.2.1"],
    [{}, "2001:db8::1"],
  ])("003-3 reversed, the first takes everything: %j to %s", async (labels, destination) => {
    expect(await markOf(three([2, 1, 0]), labels, destination)).toBe(28);
  });
});

/** As the guide prints them: in one file. */
const guide = `${NAD}---${NQOS}`;

describe("002 the guide's policy", () => {
  const eth1 = { network: "ovn-stream", ifname: "eth1" };
  const limited = { "nqos-app": "bw-limited" };

  it.each([
    ["002-26 pod0, without the label", eth1, {}, []],
    ["002-26 pod1, with it", eth1, limited, [20]],
    ["002-26 pod2, with another beside it", eth1, { foo: "bar", ...limited }, [20]],
    ["002-10 the labelled pod's eth0", { network: "cbr0", ifname: "eth0" }, limited, []],
    ["002-3 its interface in a network of no NAD", { network: "other", ifname: "eth1" }, limited, []],
  ])("speaks of %s or not", async (_, where, labels, dscps) => {
    expect(await dscpsFor({ "nqos.yaml": guide }, { ...where, labels })).toEqual(dscps);
  });

  it("002-3 selects no NAD that has lost its label", async () => {
    const files = { "nqos.yaml": guide.replace("nad-type: ovn-kubernetes-nqos\nspec", "other: x\nspec") };
    expect(await dscpsFor(files, { ...eth1, labels: limited })).toEqual([]);
  });

  it.each([
    ["10.245.2.3", true],
    ["192.0.2.1", true],
    ["10.11.12.12", true],
    ["10.11.12.13", false],
    ["172.15.255.255", true],
    ["172.16.0.0", false],
    ["172.31.255.255", false],
    ["192.168.1.1", false],
    ["2001:db8::1", false],
  ])("002-19 002-22 002-31 mark and limit together what goes to %s: %s", async (destination, decides) => {
    const rules = await rulesFor({ "nqos.yaml": guide }, { ...eth1, labels: limited });
    const decided = decide(rules, packet(destination));
    expect(decided === undefined ? undefined : rules[decided]).toEqual(
      decides
        ? expect.objectContaining({
            dscp: 20,
            limit: { rate: 20e6, burst: 100e3, discipline: "police" },
            source: "NetworkQoS default/qos-external egress[0] (nqos.yaml)",
          })
        : undefined,
    );
  });
});
