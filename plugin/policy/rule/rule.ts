/**
 * One rule of an `egress` list, wherever it stood (annotation, conf, manifest): what it matches, and what becomes of it.
 * Pure. Rules are tried in order; the first that matches decides alone, mark and limit together.
 */
import type { Discipline } from "../../cni/conf.ts";
import type { Selector } from "../label/selector.ts";
import type { Dscp } from "./dscp.ts";

export type IpFamily = 4 | 6;

/** Network address and prefix length; the address is the network's own, in canonical text. */
export type Cidr = { readonly family: IpFamily; readonly address: string; readonly prefix: number };

/** The addresses of `cidr` without those of `except`. */
export type Block = { readonly cidr: Cidr; readonly except: readonly Cidr[] };

/** Pods by label, an entry of `to`. */
export type PodPeer = {
  readonly podSelector: Selector;
  /** undefined: pods of the namespace that the rule is written for. */
  readonly namespaceSelector: Selector | undefined;
};

export type PodDestinations = {
  readonly peers: readonly PodPeer[];
  /** Theirs, each a block of one address. None until somebody has looked them up. */
  readonly addresses: readonly Cidr[];
  /** What the rule's sets have and keep while not all of these are known, as ipset prints it. */
  readonly kept?: readonly string[];
};

export const protocols = ["TCP", "UDP", "SCTP"] as const;
export type Protocol = (typeof protocols)[number];

/** `port` undefined: every port of the protocol. */
export type Service = { readonly protocol: Protocol; readonly port: number | undefined };

export type Limit = {
  /** bit/s */
  readonly rate: number;
  /** bits; undefined: our own choice for the rate and discipline */
  readonly burst: number | undefined;
  readonly discipline: Discipline;
};

export type Rule = {
  /** undefined leaves the packet's mark as it is. */
  readonly dscp: Dscp | undefined;
  readonly limit: Limit | undefined;
  /** Blocks are ORed; none: any address of both families. Blocks of one family never match the other. */
  readonly to: readonly Block[];
  /** ORed with the blocks. With it, none of both is no address at all. */
  readonly toPods?: PodDestinations;
  readonly from: readonly Block[];
  /** ORed; none: every packet, of whatever protocol. */
  readonly services: readonly Service[];
  /** Where it was written, for messages: `annotation pod-qos/egress[0]`, `NetworkQoS prod/video egress[2] (video.yaml)`. */
  readonly source: string;
};

/** The catch-all at the end of a list has nothing to match. */
export function matchesAll({ to, toPods, from, services }: Rule): boolean {
  return to.length === 0 && toPods === undefined && from.length === 0 && services.length === 0;
}

/** The blocks that a destination is in; undefined: any destination. */
export function destinationsOf({ to, toPods }: Pick<Rule, "to" | "toPods">): readonly Block[] | undefined {
  if (toPods === undefined) return to.length === 0 ? undefined : to;
  return [...to, ...toPods.addresses.map((cidr): Block => ({ cidr, except: [] }))];
}
