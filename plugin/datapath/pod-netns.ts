/**
 * Everything that lives in the pod's own namespace and dies with it: marks, the shaping of what the pod sends, and both
 * caps where there is no host end to put them on (ipvlan, macvlan, OVS ports, `enforce: pod`). Pure.
 */
import { CniError, ErrorCode } from "../errors.ts";
import type { Cap } from "../policy/caps.ts";
import { catchAll, type Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import type { MangleChain } from "../program/iptables/chain.ts";
import type { TcObject } from "../program/tc/objects.ts";
import type { Driver, Task } from "./driver.ts";
import { chainName, type Identity } from "./names.ts";
import { policeBucket } from "./rates.ts";
import { capShaper, ifbOf, policer, redirect } from "./shaper.ts";

export const podNetns: Driver = (task) => {
  const { identity, policy, facts } = task;
  const hostHoldsCaps = facts.hostEnd !== undefined;
  // With a guard outside the pod shapes itself; without act_police the node does, on an ifb.
  const shapesEgress = !hostHoldsCaps || (policy.discipline === "shape" && facts.features.police);
  return [
    ...marks(identity, policy, facts.ipv6),
    ...(policy.egress === undefined || !shapesEgress ? [] : egress(policy.egress, task)),
    ...(policy.ingress === undefined || hostHoldsCaps ? [] : ingress(policy.ingress, task)),
  ];
};

function egress(cap: Cap, task: Task): readonly Program[] {
  const { identity, policy, facts } = task;
  const { mtu } = facts.podLink;
  if (policy.discipline === "police" && facts.features.police) {
    return [inPod(policer(identity.ifname, "egress", policeBucket(cap, mtu), facts.features.matcher))];
  }
  return [inPod(capShaper(cap, identity.ifname, mtu, task))];
}

function ingress(cap: Cap, task: Task): readonly Program[] {
  const { identity, policy, facts } = task;
  const { mtu } = facts.podLink;
  if (policy.discipline === "police" && facts.features.police) {
    return [inPod(policer(identity.ifname, "ingress", policeBucket(cap, mtu), facts.features.matcher))];
  }
  const ifb = ifbOf(identity, mtu);
  return [
    { tool: "link", place: "pod", objects: [ifb] },
    inPod([
      ...capShaper(cap, ifb.name, mtu, task),
      ...redirect(identity.ifname, facts.features.matcher, ifb.name),
    ]),
  ];
}

/**
 * The part of the plan that needs to know nothing of the pod's link. ECN, the lower two bits of the same byte, is left
 * alone by the DSCP target.
 */
export function marks({ ifname }: Identity, { rules }: Policy, ipv6: boolean): readonly Program[] {
  const [first] = rules;
  if (first === undefined) return [];
  const dscp = rules.length === 1 && first.limit === undefined ? catchAll(rules)?.dscp : undefined;
  if (dscp === undefined) {
    throw new CniError(
      ErrorCode.unsupportedField,
      `${first.source}: this version of pod-qos cannot program rules yet, only a mark for all traffic`,
    );
  }
  const chain: MangleChain = {
    kind: "chain",
    name: chainName(ifname),
    calledFrom: [`POSTROUTING -o ${ifname}`],
    rules: [`-j DSCP --set-dscp 0x${dscp.toString(16).padStart(2, "0")}`],
  };
  return [
    { tool: "iptables", place: "pod", objects: [chain] },
    ...(ipv6 ? [{ tool: "ip6tables", place: "pod", objects: [chain] } as const] : []),
  ];
}

function inPod(objects: readonly TcObject[]): Program {
  return { tool: "tc", place: "pod", objects };
}
