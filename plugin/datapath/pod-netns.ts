/**
 * Everything that lives in the pod's own namespace and dies with it: marks, the shaping of what the pod sends, and both
 * caps where there is no host end to put them on (ipvlan, macvlan, OVS ports, `enforce: pod`). Pure.
 */
import type { Cap } from "../policy/caps.ts";
import type { Mark } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import type { MangleChain } from "../program/iptables.ts";
import type { TcObject } from "../program/tc.ts";
import type { Driver, Task } from "./driver.ts";
import { chainName } from "./names.ts";
import { policeBucket } from "./rates.ts";
import { capShaper, ifbOf, policer, redirect } from "./shaper.ts";

export const podNetns: Driver = (task) => {
  const { policy, facts } = task;
  const hostHoldsCaps = facts.hostEnd !== undefined;
  // With a guard outside the pod shapes itself; without act_police the node does, on an ifb.
  const shapesEgress = !hostHoldsCaps || (policy.discipline === "shape" && facts.features.police);
  return [
    ...(policy.mark === undefined ? [] : mark(policy.mark, task)),
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

/** ECN, the lower two bits of the same byte, is left alone by the DSCP target. */
function mark({ dscp }: Mark, { identity, facts }: Task): readonly Program[] {
  const chain: MangleChain = {
    kind: "chain",
    name: chainName(identity.ifname),
    ifname: identity.ifname,
    rules: [`-j DSCP --set-dscp 0x${dscp.toString(16).padStart(2, "0")}`],
  };
  return [
    { tool: "iptables", place: "pod", objects: [chain] },
    ...(facts.ipv6 ? [{ tool: "ip6tables", place: "pod", objects: [chain] } as const] : []),
  ];
}

function inPod(objects: readonly TcObject[]): Program {
  return { tool: "tc", place: "pod", objects };
}
