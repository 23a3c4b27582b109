/**
 * Caps on the node's end of the pod's veth, where the pod cannot undo them. Pure. Directions turn round here: what the
 * pod receives leaves this end, what the pod sends arrives at it.
 *
 *   to the pod      HTB at the root of the host end          police: act_police at its clsact egress
 *   from the pod    act_police at its ingress hook: the cap itself when policing; when shaping a guard just above it,
 *                   for the shaper is in the pod, where back-pressure reaches the sender
 *
 * Without act_police the kernel gets an ifb with an HTB instead: the one object of ours that can outlive the pod.
 */
import type { Cap } from "../policy/cap/cap.ts";
import type { Program } from "../program/program.ts";
import type { TcObject } from "../program/tc/objects.ts";
import type { Driver, HostEnd, Task } from "./driver.ts";
import { guardBucket, policeBucket } from "./rates.ts";
import { capShaper, ifbOf, policer, redirect } from "./shaper.ts";

export const hostVeth: Driver = (task) => {
  const { policy, facts } = task;
  if (facts.hostEnd === undefined) return [];
  const toPod = policy.ingress === undefined ? [] : ingress(policy.ingress, facts.hostEnd, task);
  const fromPod = policy.egress === undefined ? [] : egress(policy.egress, facts.hostEnd, task);
  return [...toPod, ...fromPod];
};

function ingress(cap: Cap, end: HostEnd, { policy, facts }: Task): readonly Program[] {
  if (policy.discipline === "police" && facts.features.police) {
    return [onNode(policer(end.name, "egress", policeBucket(cap, end.mtu), facts.features.matcher))];
  }
  return [onNode(capShaper(cap, end.name, end.mtu, { policy, facts }))];
}

function egress(cap: Cap, end: HostEnd, { identity, policy, facts }: Task): readonly Program[] {
  if (facts.features.police) {
    const { matcher } = facts.features;
    if (policy.discipline === "police") {
      return [onNode(policer(end.name, "ingress", policeBucket(cap, end.mtu), matcher))];
    }
    const [holder, guard] = policer(end.name, "ingress", guardBucket(cap), matcher);
    return [onNode([holder, { ...guard, isGuard: true }])];
  }
  const ifb = ifbOf(identity, end.mtu);
  return [
    { tool: "link", place: "node", objects: [ifb] },
    onNode([
      ...capShaper(cap, ifb.name, end.mtu, { policy, facts }),
      ...redirect(end.name, facts.features.matcher, ifb.name),
    ]),
  ];
}

function onNode(objects: readonly TcObject[]): Program {
  return { tool: "tc", place: "node", objects };
}
