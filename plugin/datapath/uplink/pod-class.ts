/**
 * A pod that reaches the uplink past the node's rules (ipvlan, macvlan, an Open vSwitch port) has its class settled in its own
 * namespace: the priority it is sorted by there is set, and what would give it another class is taken off its packets. Pure.
 *
 *     OUTPUT, FORWARD -o eth0 -> POD-CLASS-eth0    before POSTROUTING, where the pod's rules mark on purpose
 */
import type { UplinkClass } from "../../policy/uplink/class.ts";
import type { MangleChain } from "../../program/iptables/chain.ts";
import type { Program } from "../../program/program.ts";
import type { Driver } from "../driver.ts";
import { classChainName } from "../names.ts";
import { classify, dscpWords } from "./rules.ts";

export const podClass: Driver = ({ identity, policy, facts }) => {
  if (policy.uplink === undefined || facts.hostEnd !== undefined) return [];
  const { chosen, uplink } = policy.uplink;
  const { ifname } = identity;
  const chain: MangleChain = {
    kind: "chain",
    name: classChainName(ifname),
    calledFrom: [`FORWARD -o ${ifname}`, `OUTPUT -o ${ifname}`],
    rules: [
      ...uplink.classes.filter(({ name }) => name !== chosen.name).flatMap(disguises),
      // Also of the default class: a socket's priority may be set by whoever may send raw packets.
      classify(chosen.minor),
    ],
  };
  const programs: readonly Program[] = [{ tool: "iptables", place: "pod", objects: [chain] }];
  return facts.ipv6 ? [...programs, { tool: "ip6tables", place: "pod", objects: [chain] }] : programs;
};

/** What a process in the pod could write on its packets to look like one of another class. */
function disguises({ dscp, mark }: UplinkClass): readonly string[] {
  return [
    ...(dscp === undefined ? [] : [`-m dscp --dscp ${dscpWords(dscp)} -j DSCP --set-dscp 0x00`]),
    ...(mark === undefined ? [] : [`-j MARK --set-xmark 0x0/0x${mark.mask.toString(16)}`]),
  ];
}
