/** What an uplink is in the kernel, as data: a tree of classes on one device, sets of addresses, rules. Pure. */
import type { Family } from "../iptables/mangle.ts";
import type { HtbClass, HtbQdisc, LeafQdisc } from "../tc/objects.ts";

export type UplinkState = {
  readonly device: string;
  readonly tree: Tree;
  readonly sets: readonly AddressSet[];
  readonly rules: Readonly<Record<RuleTool, UplinkRules | undefined>>;
};

export type Tree = {
  readonly root: HtbQdisc;
  readonly classes: readonly TreeClass[];
  readonly leaves: readonly LeafQdisc[];
  readonly filters: readonly DscpFilter[];
};

export type TreeClass = HtbClass & { readonly priority: number };

/** Sorts by DSCP what no rule of the node sees: what Open vSwitch sends out of a port of its own. */
export type DscpFilter = {
  readonly pref: number;
  readonly protocol: "ip" | "ipv6";
  readonly dscp: number;
  readonly classid: string;
};

export type AddressSet = { readonly name: string; readonly family: "inet" | "inet6" };

export type RuleTool = Family;

/** Rules of the mangle table, as `-A` takes them and iptables-save prints them, but for quotes. */
export type UplinkRules = {
  readonly chain: string;
  readonly inChain: readonly string[];
  /** In chains of the kernel's own: the marks and the jump to our chain, each with our comment. */
  readonly atHooks: readonly string[];
  /** What tells ours from others' there. */
  readonly comment: string;
};

/** One entry of one set: what a pod adds to an uplink. */
export type Member = { readonly set: string; readonly address: string };

/** What is a pod's in the sets of an uplink. */
export type PodPart = {
  readonly members: readonly Member[];
  /** Its addresses in sets of other classes, where they must not be. */
  readonly strangers: readonly Member[];
};
