/** What the policies of a source come to for an attachment. Pure. Small: an ADD beside an agent needs no more than this. */
import type { Annotations } from "../../cni/request.ts";
import type { Rule } from "../rule/rule.ts";
import { select, type PodInterface } from "./select.ts";
import type { PolicySource } from "./source.ts";

export type ManifestRules = {
  readonly networkQos: readonly Rule[];
  readonly egressQos: readonly Rule[];
  readonly warnings: readonly string[];
  readonly passedOver: readonly string[];
  /** What was left out because the pod's labels are not known. */
  readonly undecided: readonly string[];
  /** Whether one of the namespace's asks for labels of NetworkAttachmentDefinitions. */
  readonly selectsNetworks: boolean;
  /** The Namespace's. */
  readonly namespaceAnnotations?: Annotations | undefined;
};

export const noManifestRules: ManifestRules = {
  networkQos: [],
  egressQos: [],
  warnings: [],
  passedOver: [],
  undecided: [],
  selectsNetworks: false,
};

/** Of a source that has no faults, since nothing of it may fail a pod. */
export function rulesFrom(source: PolicySource, attachment: PodInterface): ManifestRules {
  return answerFrom(source, attachment);
}

export type Answer = ManifestRules & { readonly faults: readonly string[] };

export function answerFrom(source: PolicySource, attachment: PodInterface): Answer {
  const { namespace } = attachment.pod;
  const policies = namespace === undefined ? undefined : source.policies(namespace);
  if (policies === undefined) return { ...noManifestRules, faults: [] };
  const { networkQos, ...rest } = select(policies, source.surroundings(attachment.network), attachment);
  return {
    ...rest,
    networkQos: networkQos.flatMap(({ readRules }) => readRules()),
    faults: policies.faults,
    namespaceAnnotations: policies.annotations,
  };
}
