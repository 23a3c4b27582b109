/** What an uplink is in the kernel, as data: a tree of classes on one device, sets of addresses, rules. Pure. */
import type { Family } from "../iptables/mangle.ts";
import type { HtbQdisc, TcObject } from "../tc/objects.ts";

export type UplinkState = {
  readonly device: string;
  readonly root: HtbQdisc;
  /** In the order in which they are made: the root, its classes, their queues, the filters that sort into them. */
  readonly tree: readonly TcObject[];
  readonly sets: readonly AddressSet[];
  readonly rules: Readonly<Record<RuleTool, UplinkRules | undefined>>;
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
