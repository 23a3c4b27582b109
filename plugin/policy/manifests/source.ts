/** Where policies of namespaces come from, whoever holds them: the files of a directory, the agent's snapshot. Pure types. */
import type { Rule } from "../rule/rule.ts";
import type { NamespacePolicies, NetworkQosHead, Surroundings } from "./manifest.ts";

/** The rules are read when a pod is selected: most are not. */
export type ListedQos = NetworkQosHead & { readonly readRules: () => readonly Rule[] };

export type ListedPolicies = NamespacePolicies<ListedQos>;

export type PolicySource = {
  /** undefined where nothing is said of that namespace. */
  readonly policies: (namespace: string) => ListedPolicies | undefined;
  /** As far as selectors of networks ask, for an attachment in this one. */
  readonly surroundings: (network: string) => Surroundings;
};
