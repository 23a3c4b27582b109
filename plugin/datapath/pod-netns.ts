/**
 * Everything that lives in the pod's own namespace and dies with it: rules, the shaping of what the pod sends, and both
 * caps where there is no host end to put them on (ipvlan, macvlan, OVS ports, `enforce: pod`). Pure.
 */
import { CniError, ErrorCode } from "../errors.ts";
import type { Cap } from "../policy/cap/cap.ts";
import type { Program } from "../program/program.ts";
import type { TcObject } from "../program/tc/objects.ts";
import type { Driver, Task } from "./driver.ts";
import { policeBucket } from "./rates.ts";
import { ruleChains } from "./rules/chains.ts";
import { hasLimits, limitTree } from "./rules/limits.ts";
import { capShaper, ifbOf, policer, redirect, shapedCap } from "./shaper.ts";

export const podNetns: Driver = (task) => {
  const { identity, policy, facts } = task;
  const hostHoldsCaps = facts.hostEnd !== undefined;
  // With a guard outside the pod shapes itself; without act_police the node does, on an ifb.
  const shapesEgress = !hostHoldsCaps || (policy.discipline === "shape" && facts.features.police);
  return [
    ...ruleChains(identity.ifname, policy.rules, facts.ipv6, task.limitsBy),
    ...egress(shapesEgress ? policy.egress : undefined, task),
    ...(policy.ingress === undefined || hostHoldsCaps ? [] : ingress(policy.ingress, task)),
  ];
};

function egress(cap: Cap | undefined, task: Task): readonly Program[] {
  const { identity, policy, facts } = task;
  if (cap === undefined || policy.discipline === "shape" || !facts.features.police) {
    return [inPod(egressTree(cap, task))];
  }
  const bucket = policeBucket(cap, facts.podLink.mtu);
  const filter = policer(identity.ifname, "egress", bucket, facts.features.matcher);
  return [inPod([...filter, ...egressTree(undefined, task)])];
}

/** The shaped cap, and the limits of rules inside it; nothing where there is neither. */
function egressTree(cap: Cap | undefined, task: Task): readonly TcObject[] {
  const { identity, policy, facts } = task;
  const { mtu } = facts.podLink;
  if (hasLimits(policy.rules)) {
    const shaped = cap === undefined ? undefined : shapedCap(cap, mtu, task);
    return limitTree(identity.ifname, mtu, policy.rules, shaped, facts.features.fqCodel, task.limitsBy);
  }
  return cap === undefined ? [] : capShaper(cap, identity.ifname, mtu, task);
}

function ingress(cap: Cap, task: Task): readonly Program[] {
  const { identity, policy, facts } = task;
  const { kind, mode, mtu } = facts.podLink;
  // In this mode a packet comes to the pod out of the node's own input path, past every ingress hook of the pod's link.
  if (kind === "ipvlan" && mode === "l3s") {
    throw new CniError(
      ErrorCode.missingFeature,
      `${cap.source} asks to cap what ${identity.ifname} receives, which is an ipvlan in mode l3s, and in that mode the ` +
        `kernel has no place for it; use "mode": "l2" or "l3" of ipvlan in the conflist, or take the ingress cap away`,
    );
  }
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

function inPod(objects: readonly TcObject[]): Program {
  return { tool: "tc", place: "pod", objects };
}
