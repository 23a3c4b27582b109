/** Which of a namespace's policies apply to an attachment. Pure. What cannot be known is reported, never guessed. */
import type { Pod } from "../../cni/request.ts";
import type { Rule } from "../rule/rule.ts";
import type {
  EgressQos,
  Nad,
  NamespacePolicies,
  NetworkQosHead,
  NetworkSelector,
  Surroundings,
} from "./manifest.ts";
import { matches, type Selector } from "../label/selector.ts";

/** One interface of a pod in a network, as far as selectors ask. */
export type PodInterface = { readonly pod: Pod; readonly network: string; readonly ifname: string };

export type Selected<Qos> = {
  readonly networkQos: readonly Qos[];
  readonly egressQos: readonly Rule[];
  readonly warnings: readonly string[];
  /** What of the namespace does not speak of this attachment, and why not. */
  readonly passedOver: readonly string[];
  /** What was left out because the pod's labels are not known. */
  readonly undecided: readonly string[];
  /** Whether one of them asks for labels of NetworkAttachmentDefinitions, of this pod or another. */
  readonly selectsNetworks: boolean;
};

export function select<Qos extends NetworkQosHead>(
  policies: NamespacePolicies<Qos>,
  surroundings: Surroundings,
  attachment: PodInterface,
): Selected<Qos> {
  const warnings = [...policies.warnings];
  const passedOver: string[] = [];
  const undecided: string[] = [];
  const isSelected = ({ title, podSelector, networks }: Qos): boolean => {
    const pod = matchesPod(podSelector, attachment.pod);
    const network = selectsNetwork(networks, surroundings, attachment);
    if (pod === false || network.answer === false) {
      const selector = pod === false ? "podSelector" : "networkSelectors";
      passedOver.push(`${title}: its ${selector} ${pod === false ? "does" : "do"} not match`);
      return false;
    }
    if (pod === true && network.answer === true) return true;
    const reasons = [...(pod === undefined ? [labelsUnknown] : []), ...network.unknown];
    warnings.push(`${title} is not applied: ${reasons.join("; ")}`);
    if (pod === undefined) undecided.push(title);
    return false;
  };
  return {
    networkQos: policies.networkQos.filter(isSelected),
    egressQos: egressRules(policies.egressQos, surroundings, attachment, { warnings, passedOver, undecided }),
    warnings,
    passedOver,
    undecided,
    selectsNetworks: policies.networkQos.some(({ networks }) => asksForNetworks(networks)),
  };
}

/** Whether one of them needs the labels of NetworkAttachmentDefinitions and Namespaces. */
export function asksForNetworks(selectors: readonly NetworkSelector[]): boolean {
  return selectors.some(({ type }) => type === "NetworkAttachmentDefinitions");
}

const labelsUnknown =
  "its podSelector asks for labels, and neither the node's agent nor the runtime (args.cni.labels) gave them";

function matchesPod(selector: Selector, { labels }: Pod): boolean | undefined {
  return matches(selector, labels ?? {}, labels !== undefined);
}

type Notes = {
  readonly warnings: string[];
  readonly passedOver: string[];
  readonly undecided: string[];
};

/** Upstream's EgressQoS is about the cluster's default network alone. */
function egressRules(
  egressQos: EgressQos | undefined,
  surroundings: Surroundings,
  attachment: PodInterface,
  { warnings, passedOver, undecided }: Notes,
): readonly Rule[] {
  if (egressQos === undefined) return [];
  if (!isDefaultNetwork(surroundings, attachment)) {
    passedOver.push(`${egressQos.title}: it is about the pod's default network alone`);
    return [];
  }
  return egressQos.entries.flatMap(({ podSelector, rule }) => {
    const answer = matchesPod(podSelector, attachment.pod);
    if (answer === undefined) {
      warnings.push(`${rule.source} is not applied: ${labelsUnknown}`);
      undecided.push(rule.source);
    }
    if (answer === false) passedOver.push(`${rule.source}: its podSelector does not match`);
    return answer === true ? [rule] : [];
  });
}

type Answer = { readonly answer: boolean | undefined; readonly unknown: readonly string[] };

/** Selectors are ORed: one that is met is enough, whatever is not known of the others. */
function selectsNetwork(
  selectors: readonly NetworkSelector[],
  surroundings: Surroundings,
  attachment: PodInterface,
): Answer {
  if (selectors.length === 0) return { answer: true, unknown: [] };
  const answers = selectors.map((selector) => selectorMeets(selector, surroundings, attachment));
  if (answers.some(({ answer }) => answer === true)) return { answer: true, unknown: [] };
  const unknown = answers.flatMap((each) => each.unknown);
  return { answer: unknown.length > 0 ? undefined : false, unknown };
}

function selectorMeets(
  selector: NetworkSelector,
  surroundings: Surroundings,
  attachment: PodInterface,
): Answer {
  switch (selector.type) {
    case "DefaultNetwork":
      return { answer: isDefaultNetwork(surroundings, attachment), unknown: [] };
    case "NetworkAttachmentDefinitions": {
      const { namespaces } = surroundings;
      const met = nadsOf(surroundings, attachment)
        .filter(({ labels }) => matches(selector.networkSelector, labels, true) === true)
        .map(({ namespace }) => matchesNamespace(selector.namespaceSelector, namespace, namespaces));
      if (met.some(({ answer }) => answer === true)) return { answer: true, unknown: [] };
      return met.find(({ answer }) => answer === undefined) ?? { answer: false, unknown: [] };
    }
    case "ClusterUserDefinedNetworks":
    case "PrimaryUserDefinedNetworks":
    case "SecondaryUserDefinedNetworks":
      return {
        answer: undefined,
        unknown: [`which networks are ${selector.type} is known to the Kubernetes API alone`],
      };
  }
}

/** Every namespace has its name as a label, with no Namespace manifest to say so. */
function matchesNamespace(selector: Selector, name: string, namespaces: Surroundings["namespaces"]): Answer {
  const known = namespaces.find((namespace) => namespace.name === name);
  const labels = { ...known?.labels, "kubernetes.io/metadata.name": name };
  const answer = matches(selector, labels, known !== undefined);
  const why = `its namespaceSelector asks for labels of namespace ${name}, of which the directory has no manifest`;
  return { answer, unknown: answer === undefined ? [why] : [] };
}

/** A pod's first interface, in a network that no NetworkAttachmentDefinition makes. */
export function isDefaultNetwork(surroundings: Surroundings, attachment: PodInterface): boolean {
  return isFirst(attachment) && nadsOf(surroundings, attachment).length === 0;
}

function isFirst({ ifname }: PodInterface): boolean {
  return ifname === "eth0";
}

/**
 * Those that may have made the attachment. A name alone proves little: anybody may define a network of any name in a namespace
 * of his own, also of the name that the default network of all pods has.
 */
export function nadsOf({ nads, isOfNode = false }: Surroundings, attachment: PodInterface): readonly Nad[] {
  const named = nads.filter(({ network }) => network === attachment.network);
  if (!isFirst(attachment)) return named;
  return isOfNode ? [] : named.filter(({ namespace }) => makesFirstOf(attachment.pod, namespace));
}

/** Where Multus looks for the first interface of everybody's pods. */
const multusNamespace = "kube-system";

/** Whether a NetworkAttachmentDefinition of that namespace may be meant where none is named. */
export function makesFirstOf(pod: Pick<Pod, "namespace">, namespace: string): boolean {
  return namespace === multusNamespace || namespace === pod.namespace;
}
