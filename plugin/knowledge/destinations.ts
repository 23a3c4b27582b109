/**
 * Pods that rules name as destinations, by label: what is asked of the API for them, and their addresses on the network of the
 * rule's interface. Pure.
 */
import type { Annotations, Labels } from "../cni/request.ts";
import { isObject } from "../cni/fields.ts";
import { formatAddress, hostAddress } from "../policy/address/address.ts";
import { bitsOf } from "../policy/address/cidr.ts";
import { matches, selectorText, type Selector } from "../policy/label/selector.ts";
import type { Surroundings } from "../policy/manifests/manifest.ts";
import { isDefaultNetwork, nadsOf, type PodInterface } from "../policy/manifests/select.ts";
import type { Cidr, PodPeer, Rule } from "../policy/rule/rule.ts";
import type { Snapshot } from "./snapshot.ts";

/** One entry of a rule's `to`, for one interface. */
export type PodsAsked = {
  readonly peer: PodPeer;
  /** Of the rule: its own where the entry names no namespaces. */
  readonly namespace: string;
  readonly network: PodNetwork;
};

/** Or the NetworkAttachmentDefinitions that make it, as network-status calls them. */
export type PodNetwork = "default" | readonly string[];

/** As `canonical` gives them, some perhaps twice. undefined: not known, or not all of them. */
export type Destinations = (asked: PodsAsked) => readonly string[] | undefined;

/** A pod as far as others send to it. Its addresses are canonical: a decision looks at thousands of them. */
export type DestinationPod = {
  readonly addresses: readonly string[];
  /** Of networks that NetworkAttachmentDefinitions make. */
  readonly attached: readonly Pick<NetworkStatus, "name" | "ips">[];
};

export type NetworkStatus = {
  readonly name: string;
  readonly interface: string | undefined;
  readonly ips: readonly string[];
};

export type Looked = {
  readonly rules: readonly Rule[];
  readonly asked: readonly PodsAsked[];
  /** Sources of rules with addresses that are not known. */
  readonly unknown: readonly string[];
};

/** The rules with the addresses of the pods that they name, as far as these are known. */
export function lookUp(
  rules: readonly Rule[],
  namespace: string,
  network: PodNetwork,
  destinations: Destinations | undefined,
): Looked {
  const asked: PodsAsked[] = [];
  const unknown: string[] = [];
  const found = rules.map((rule): Rule => {
    if (rule.toPods === undefined) return rule;
    const its = rule.toPods.peers.map((peer): PodsAsked => ({ peer, namespace, network }));
    const answers = its.map((each) => destinations?.(each));
    asked.push(...its);
    if (answers.includes(undefined)) unknown.push(rule.source);
    const addresses = [...new Set(answers.flatMap((each) => each ?? []))].toSorted().map(blockOf);
    return { ...rule, toPods: { ...rule.toPods, addresses } };
  });
  return { rules: found, asked, unknown };
}

function blockOf(address: string): Cidr {
  const family = address.includes(":") ? 6 : 4;
  return { family, address, prefix: bitsOf(family) };
}

/** Those that packets can have, each in the one text that we write it in. */
export function canonical(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const address = hostAddress(text);
    return address === undefined ? [] : [formatAddress(address)];
  });
}

/** Whose addresses they are on that network. One that has several interfaces there is at each of them. */
export function addressesOn(network: PodNetwork, { addresses, attached }: DestinationPod): readonly string[] {
  if (network === "default") return addresses;
  return attached.filter(({ name }) => network.includes(name)).flatMap(({ ips }) => ips);
}

/**
 * The network of an attachment: by the definitions that are known to make it, and by what its pod's own network-status calls it.
 * undefined where neither says anything.
 */
export function podNetworkOf(
  attachment: PodInterface,
  surroundings: Surroundings,
  annotations: Annotations,
): PodNetwork | undefined {
  if (isDefaultNetwork(surroundings, attachment)) return "default";
  const own = networkStatusIn(annotations).filter((each) => each.interface === attachment.ifname);
  const defined = nadsOf(surroundings, attachment).map(({ namespace, name }) => `${namespace}/${name}`);
  const names = [...new Set([...own.map(({ name }) => name), ...defined])].toSorted();
  return names.length === 0 ? undefined : names;
}

export const networkStatusKey = "k8s.v1.cni.cncf.io/network-status";

/** What cannot be read says nothing: others write it. */
export function networkStatusIn(annotations: Annotations): readonly NetworkStatus[] {
  const text = annotations[networkStatusKey];
  return text === undefined ? [] : listIn(text).flatMap(statusOf);
}

function listIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function statusOf(value: unknown): readonly NetworkStatus[] {
  if (!isObject(value) || typeof value["name"] !== "string") return [];
  const { name, interface: ifname, ips } = value;
  return [
    {
      name,
      interface: typeof ifname === "string" ? ifname : undefined,
      ips: Array.isArray(ips) ? ips.filter((ip) => typeof ip === "string") : [],
    },
  ];
}

/** The pods that an entry names, by now. */
export type Selected = {
  /** As the API is asked for them: "" is all of them. */
  readonly labels: string;
  readonly namespaces: readonly string[];
  /** Those are all that there are, whatever comes. */
  readonly isEverywhere: boolean;
};

export function selectedBy(
  { peer, namespace }: Pick<PodsAsked, "peer" | "namespace">,
  namespaces: Snapshot["namespaces"],
): Selected {
  const { podSelector, namespaceSelector } = peer;
  const labels = selectorText(podSelector);
  if (namespaceSelector === undefined) return { labels, namespaces: [namespace], isEverywhere: false };
  const met = Object.entries(namespaces)
    .filter(([name, known]) => isMet(namespaceSelector, name, known.labels))
    .map(([name]) => name);
  return { labels, namespaces: met, isEverywhere: namespaceSelector.length === 0 };
}

/** The same text: the same pods. No name and no label has a line's end. */
export function textOf({ peer, namespace }: Pick<PodsAsked, "peer" | "namespace">): string {
  const { podSelector, namespaceSelector } = peer;
  const where =
    namespaceSelector === undefined ? `in ${namespace}` : `where ${selectorText(namespaceSelector)}`;
  return `${selectorText(podSelector)}\n${where}`;
}

/** Every namespace has its name as a label. */
function isMet(selector: Selector, name: string, labels: Labels): boolean {
  return matches(selector, { ...labels, "kubernetes.io/metadata.name": name }, true) === true;
}
