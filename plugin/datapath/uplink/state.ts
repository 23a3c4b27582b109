/**
 * What the uplink's device, sets and rules shall be: a function of the conf and a few facts, and of no pod. So any number
 * of ADDs may make it so at once. Pure.
 *
 *     PREROUTING   source in a class's set -> its mark         (what the runbook looks for)
 *     FORWARD      a class's DSCP -> the default class         (nobody talks himself into a class)
 *     POSTROUTING -> POD-QOS-UP-eth0    mark, source in set -> priority 1:20
 *     eth0 root htb 1: ── 1:1 rate = link ──┬── 1:10 default
 *                                           └── 1:20 ...       priority, else DSCP, else default
 *
 * mangle comes before nat, so the source is still the pod's; and a tunnel keeps priority and mark of what it wraps, so what
 * was sorted at the tunnel's device stays sorted at the link below.
 */
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { SharedChain } from "../../program/iptables/chain.ts";
import type { IptablesTool } from "../../program/iptables/mangle.ts";
import type { AddressSet } from "../../program/ipset/set.ts";
import type { HtbQdisc, TcObject } from "../../program/tc/objects.ts";
import { uplinkChain } from "./rules.ts";
import { uplinkSets } from "./sets.ts";
import { uplinkRoot, uplinkTree, type UplinkFacts } from "./tree.ts";

export type UplinkState = {
  readonly device: string;
  readonly root: HtbQdisc;
  /** In the order in which they are made: the root, its classes, their queues, the filters that sort into them. */
  readonly tree: readonly TcObject[];
  readonly sets: readonly AddressSet[];
  readonly chains: Readonly<Record<IptablesTool, SharedChain | undefined>>;
};

export function uplinkState(uplink: Uplink, facts: UplinkFacts): UplinkState {
  return {
    device: uplink.device,
    root: uplinkRoot(uplink.device),
    tree: uplinkTree(uplink, facts),
    sets: uplinkSets(uplink, facts.ipv6),
    chains: {
      iptables: uplinkChain(uplink, "inet"),
      ip6tables: facts.ipv6 ? uplinkChain(uplink, "inet6") : undefined,
    },
  };
}
