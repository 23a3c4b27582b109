/** What the manifests of a policy directory say, as far as a plugin on a node needs it. Pure types. */
import type { Annotations, Labels } from "../../cni/request.ts";
import type { Rule } from "../rule/rule.ts";
import type { Selector } from "../label/selector.ts";

export const networkTypes = [
  "DefaultNetwork",
  "ClusterUserDefinedNetworks",
  "PrimaryUserDefinedNetworks",
  "SecondaryUserDefinedNetworks",
  "NetworkAttachmentDefinitions",
] as const;
type UserDefined = Exclude<(typeof networkTypes)[number], "DefaultNetwork" | "NetworkAttachmentDefinitions">;

export type NetworkSelector =
  | { readonly type: "DefaultNetwork" }
  | {
      readonly type: "NetworkAttachmentDefinitions";
      readonly namespaceSelector: Selector;
      readonly networkSelector: Selector;
    }
  /** Which networks these are is known to the Kubernetes API alone. */
  | { readonly type: UserDefined };

/** A NetworkQoS but for its rules. */
export type NetworkQosHead = {
  /** `NetworkQoS prod/video (video.yaml)` */
  readonly title: string;
  readonly name: string;
  readonly priority: number;
  readonly podSelector: Selector;
  /** ORed; none: every interface of the pod. */
  readonly networks: readonly NetworkSelector[];
};

export type NetworkQos = NetworkQosHead & { readonly rules: readonly Rule[] };

export type EgressQosEntry = { readonly podSelector: Selector; readonly rule: Rule };

export type EgressQos = { readonly title: string; readonly entries: readonly EgressQosEntry[] };

export type Namespace = { readonly name: string; readonly labels: Labels };

/** A NetworkAttachmentDefinition; `network` is the name of the CNI network it makes. */
export type Nad = {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly network: string;
};

/** What selectors are held against beside the pod's own labels. */
export type Surroundings = {
  readonly namespaces: readonly Namespace[];
  readonly nads: readonly Nad[];
  /** A conflist of the node makes the network that is asked about, and no NetworkAttachmentDefinition of its name. */
  readonly isOfNode?: boolean;
};

/** All about one namespace; `Qos` is a NetworkQos, or its head with a note where the rules are. */
export type NamespacePolicies<Qos extends NetworkQosHead = NetworkQos> = {
  /** By falling priority, then by name. */
  readonly networkQos: readonly Qos[];
  readonly egressQos: EgressQos | undefined;
  /** Objects that the API would have refused: no pod of this namespace is added as if they were not there. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  /** Those of ours that the Namespace has itself. */
  readonly annotations?: Annotations;
};

export type Directory = {
  readonly namespaces: ReadonlyMap<string, NamespacePolicies>;
  readonly surroundings: Surroundings;
  /** Whether a NetworkQoS asks for labels of NetworkAttachmentDefinitions. */
  readonly selectsNetworks: boolean;
};
