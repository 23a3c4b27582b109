/** 1.9.7: which pods a rule's `to` names, and which of their addresses count. */
import { describe, expect, it } from "vitest";
import { decodeDestination } from "../../../plugin/knowledge/decode.ts";
import {
  addressesOn,
  lookUp,
  podNetworkOf,
  selectedBy,
  type PodNetwork,
} from "../../../plugin/knowledge/destinations.ts";
import type { KnownNamespace } from "../../../plugin/knowledge/snapshot.ts";
import { parseRules } from "../../../plugin/policy/rule/rules.ts";
import { destinationsOf, matchesAll, type PodPeer } from "../../../plugin/policy/rule/rule.ts";
import { formatCidr } from "../../../plugin/policy/address/cidr.ts";
import { adviceOn } from "../../../plugin/policy/rule/advice.ts";
import { decide } from "../../../plugin/policy/rule/model.ts";
import { matchWords } from "../../../plugin/policy/words.ts";

const rulesTo = (...to: readonly object[]) =>
  parseRules("egress", [{ dscp: 10, classifier: { to } }], "own list");
const peerOf = (entry: object): PodPeer => {
  const [peer] = rulesTo(entry)[0]?.toPods?.peers ?? [];
  if (peer === undefined) throw new Error("no pods are named");
  return peer;
};
const namespace = (labels: Readonly<Record<string, string>>): KnownNamespace => ({
  uid: "u",
  labels,
  annotations: {},
});
const namespaces = { prod: namespace({ team: "a" }), dev: namespace({ team: "b" }), old: namespace({}) };
const asked = (entry: object): readonly string[] => {
  const selected = selectedBy({ peer: peerOf(entry), namespace: "prod" }, namespaces);
  return selected.namespaces.map((name) => `${name} ${selected.labels}`);
};

describe("which pods are asked for", () => {
  it.each([
    ["podSelector alone: of the namespace", { podSelector: { matchLabels: { app: "db" } } }, ["prod app=db"]],
    ["an empty podSelector: all of it", { podSelector: {} }, ["prod "]],
    [
      "namespaceSelector alone: all pods there",
      { namespaceSelector: { matchLabels: { team: "b" } } },
      ["dev "],
    ],
    ["an empty namespaceSelector: everywhere", { namespaceSelector: {} }, ["prod ", "dev ", "old "]],
    [
      "a namespace by its name",
      { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "old" } } },
      ["old "],
    ],
    [
      "both: AND",
      { podSelector: { matchLabels: { app: "db" } }, namespaceSelector: { matchLabels: { team: "a" } } },
      ["prod app=db"],
    ],
    ["namespaces that there are none of", { namespaceSelector: { matchLabels: { team: "c" } } }, []],
    [
      "every operator, as the API takes it",
      {
        podSelector: {
          matchExpressions: [
            { key: "app", operator: "In", values: ["db", "web"] },
            { key: "tier", operator: "NotIn", values: ["bulk"] },
            { key: "a/b", operator: "Exists" },
            { key: "legacy", operator: "DoesNotExist" },
          ],
        },
      },
      ["prod app in (db,web),tier notin (bulk),a/b,!legacy"],
    ],
  ])("%s", (_, entry, expected) => {
    expect(asked(entry)).toEqual(expected);
  });
});

const status = JSON.stringify([
  { name: "podnet", interface: "eth0", ips: ["10.0.0.9"], default: true },
  { name: "prod/fast", interface: "net1", ips: ["192.0.2.9", "2001:db8::9"] },
]);
const pod = (more: object) =>
  decodeDestination({ metadata: { uid: "u", name: "x", namespace: "prod" }, ...more });
const running = { phase: "Running", podIP: "10.0.0.9", podIPs: [{ ip: "10.0.0.9" }, { ip: "fd00::9" }] };

describe("which of a pod's addresses count", () => {
  it.each<readonly [string, PodNetwork, readonly string[]]>([
    ["on the default network podIPs", "default", ["10.0.0.9", "fd00::9"]],
    ["on another what network-status has of its definition", ["prod/fast"], ["192.0.2.9", "2001:db8::9"]],
    ["none of a network that it is not in", ["prod/slow"], []],
  ])("%s", (_, network, expected) => {
    const metadata = { uid: "u", name: "x", annotations: { "k8s.v1.cni.cncf.io/network-status": status } };
    const found = decodeDestination({ metadata, status: running });
    expect(found && addressesOn(network, found)).toEqual(expected);
  });

  it("podIP counts where an old server has no podIPs", () => {
    expect(pod({ status: { phase: "Running", podIP: "10.0.0.9" } })?.addresses).toEqual(["10.0.0.9"]);
  });

  it("in the one text that we write them in, as far as packets can have them", () => {
    const podIPs = ["::ffff:10.0.0.8", "FD00:0::9", "0.0.0.0", "x"].map((ip) => ({ ip }));
    expect(pod({ status: { phase: "Running", podIPs } })?.addresses).toEqual(["10.0.0.8", "fd00::9"]);
  });

  it.each([
    ["has the node's addresses", { spec: { hostNetwork: true }, status: running }],
    ["has succeeded", { status: { ...running, phase: "Succeeded" } }],
    ["has failed", { status: { ...running, phase: "Failed" } }],
    ["has no address yet", { status: { phase: "Pending" } }],
  ])("none of one that %s", (_, more) => {
    expect(pod(more)).toBeUndefined();
  });

  it("a network-status that cannot be read says nothing, and takes nothing from podIPs", () => {
    const metadata = { uid: "u", name: "x", annotations: { "k8s.v1.cni.cncf.io/network-status": "[{" } };
    expect(decodeDestination({ metadata, status: running })).toEqual({
      addresses: ["10.0.0.9", "fd00::9"],
      attached: [],
    });
  });
});

const on = (ifname: string, network: string) => ({ pod: { namespace: "prod" }, network, ifname }) as const;

describe("the network of a rule's interface", () => {
  const nad = { namespace: "prod", name: "fast", labels: {}, network: "fastnet" };
  const surroundings = { namespaces: [], nads: [nad] };

  it.each([
    ["eth0 of a conflist is on the default network", on("eth0", "podnet"), {}, "default"],
    ["by the definition that makes it", on("net1", "fastnet"), {}, ["prod/fast"]],
    [
      "by what its own pod's network-status calls it",
      on("net1", "unheard"),
      { "k8s.v1.cni.cncf.io/network-status": status },
      ["prod/fast"],
    ],
    ["not known where neither says it", on("net2", "unheard"), {}, undefined],
  ] as const)("%s", (_, attachment, annotations, expected) => {
    expect(
      podNetworkOf(
        { ...attachment, pod: { namespace: "prod", name: "x", labels: {} } as never },
        surroundings,
        annotations,
      ),
    ).toEqual(expected);
  });
});

describe("a rule that names pods", () => {
  const mixed = rulesTo({ ipBlock: { cidr: "198.51.100.0/24" } }, { podSelector: {} });
  const found = lookUp(mixed, "prod", "default", () => ["10.0.0.9", "fd00::9", "10.0.0.8", "10.0.0.9"]);

  it("has their addresses beside its blocks, each in its family and canonical", () => {
    const [rule] = found.rules;
    expect(
      rule &&
        destinationsOf(rule)
          ?.map(({ cidr }) => formatCidr(cidr))
          .toSorted(),
    ).toEqual(["10.0.0.8/32", "10.0.0.9/32", "198.51.100.0/24", "fd00::9/128"]);
    expect(found.unknown).toEqual([]);
  });

  it("matches nothing while its pods are not known, and says so", () => {
    const bare = rulesTo({ podSelector: {} });
    const unknown = lookUp(bare, "prod", "default", undefined);
    expect(unknown.unknown).toEqual(["egress[0]"]);
    expect(
      decide(unknown.rules, { source: "10.0.0.1", destination: "10.0.0.9", protocol: "TCP", port: 80 }),
    ).toBeUndefined();
    expect(unknown.rules.some(matchesAll)).toBe(false);
  });

  it("is in words what was written", () => {
    const rules = rulesTo({ podSelector: { matchLabels: { app: "db" } } }, { namespaceSelector: {} });
    expect(rules.map(matchWords)).toEqual([
      "to pods with app=db of its namespace or all pods of all namespaces",
    ]);
  });

  it("is not said to match never, nor to hide what its pods of today leave open", () => {
    const both = parseRules(
      "egress",
      [
        { dscp: 1, classifier: { to: [{ podSelector: {} }] } },
        { dscp: 2, classifier: { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] } },
      ],
      "own list",
    );
    expect(adviceOn(both)).toEqual([]);
    const first = parseRules("first", [{ dscp: 3 }], "own list");
    expect(adviceOn([...first, ...both])).toContain(
      "egress[0] can never decide: first[0] comes first and takes all that it would",
    );
  });
});
