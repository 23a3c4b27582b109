/** On which networks a NetworkQoS in policyDir marks, by its networkSelectors: packets as they arrive, both families. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failed, succeeded } from "../lab/plugin/answers.ts";
import { marked, networkQos, openPolicies, type Policies } from "../lab/policy/policies.ts";
import type { Wishes } from "../lab/plugin/ruled-pod.ts";

let policies: Policies;
beforeEach(async () => {
  policies = await openPolicies();
});
afterEach(() => policies.node[Symbol.asyncDispose]());

const unmarked = marked(0);
const labelled = (matchLabels: Readonly<Record<string, string>>) => ({ matchLabels });

const any = labelled({ any: "label" });
const nadWith = (networkAttachmentDefinitionSelector: object) => ({
  networkSelectionType: "NetworkAttachmentDefinitions",
  networkAttachmentDefinitionSelector,
});
const secondaryWith = (secondaryUserDefinedNetworkSelector: object) => ({
  networkSelectionType: "SecondaryUserDefinedNetworks",
  secondaryUserDefinedNetworkSelector,
});
const fast = nadWith({ namespaceSelector: {}, networkSelector: labelled({ speed: "fast" }) });
const userDefined = secondaryWith({ namespaceSelector: {}, networkSelector: any });
const NAD = {
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { name: "fast-net", namespace: "default", labels: { speed: "fast" } },
};
const onFast: Wishes = { labels: {}, conf: { name: "fast-net" } };
const aboutNetworks = (...networkSelectors: readonly object[]): object =>
  networkQos({ egress: [{ dscp: 20 }], networkSelectors });

describe("networkSelectors", () => {
  it.each([
    ["002-6 a selector of another type than it says", { ...fast, networkSelectionType: "DefaultNetwork" }],
    ["002-6 two selectors", { ...fast, ...userDefined, networkSelectionType: fast.networkSelectionType }],
    ["002-6 no selector", { networkSelectionType: "NetworkAttachmentDefinitions" }],
    ["002-8 a NAD without namespaceSelector", nadWith({ networkSelector: labelled({ speed: "fast" }) })],
    ["002-8 a NAD without networkSelector", nadWith({ namespaceSelector: {} })],
    ["002-8 a secondary UDN without networkSelector", secondaryWith({ namespaceSelector: {} })],
    ["002-8 a secondary UDN without namespaceSelector", secondaryWith({ networkSelector: any })],
    ["002-7 a type that there is not", { networkSelectionType: "Default" }],
  ])("%s is refused, and the pod unmarked until it is mended", async (_, selector) => {
    policies.put("nads.yaml", NAD);
    policies.put("a.json", aboutNetworks(selector));
    const pod = await policies.wired(onFast);
    const { msg } = failed(await pod.call("ADD"), 7, [
      "a.json: NetworkQoS default/video: spec.networkSelectors[0]",
    ]);
    expect([msg, await policies.marksOf(pod)]).toEqual([msg, unmarked]);
    policies.put("a.json", aboutNetworks(fast));
    succeeded(await pod.call("ADD"));
    expect(await policies.marksOf(pod)).toEqual(marked(20));
  });

  it("002-7 by DefaultNetwork marks what leaves by the pod's first interface, and not by another", async () => {
    policies.put("a.json", aboutNetworks({ networkSelectionType: "DefaultNetwork" }));
    expect(await policies.marks({ labels: {} })).toEqual(marked(20));
    expect(await policies.marks({ labels: {}, wire: { podDevice: "net1" } })).toEqual(unmarked);
  });

  it.each([
    ["ClusterUserDefinedNetworks", { clusterUserDefinedNetworkSelector: { networkSelector: any } }],
    ["PrimaryUserDefinedNetworks", { primaryUserDefinedNetworkSelector: { namespaceSelector: any } }],
    [
      "SecondaryUserDefinedNetworks",
      { secondaryUserDefinedNetworkSelector: { namespaceSelector: any, networkSelector: any } },
    ],
  ])(
    "002-7 by %s is told and marks nothing, and beside one that can be known it is that one's",
    async (type, more) => {
      const selector = { networkSelectionType: type, ...more };
      policies.put("a.json", aboutNetworks(selector));
      const pod = await policies.wired({ labels: {} });
      const { exitCode, stderr } = await pod.call("ADD");
      expect([exitCode, stderr]).toEqual([
        0,
        expect.stringContaining(`${type} is known to the Kubernetes API alone`),
      ]);
      expect(await policies.marksOf(pod)).toEqual(unmarked);
      policies.put("a.json", aboutNetworks(selector, { networkSelectionType: "DefaultNetwork" }));
      succeeded(await pod.call("ADD"));
      expect(await policies.marksOf(pod)).toEqual(marked(20));
    },
  );

  it.each([
    ["any namespace, with {}", {}, 20],
    ["a namespace with the label", labelled({ team: "a" }), 20],
    ["a namespace with another", labelled({ team: "b" }), 0],
    ["a namespace of that name", labelled({ "kubernetes.io/metadata.name": "default" }), 20],
  ])("002-8 by a NAD of %s", async (_, namespaceSelector, dscp) => {
    policies.put("nads.yaml", NAD, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "default", labels: { team: "a" } },
    });
    policies.put(
      "a.json",
      aboutNetworks(nadWith({ networkSelector: labelled({ speed: "fast" }), namespaceSelector })),
    );
    expect(await policies.marks(onFast)).toEqual(marked(dscp));
    expect(await policies.marks({ ...onFast, conf: { name: "other-net" } })).toEqual(unmarked);
  });
});
