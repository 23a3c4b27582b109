/**
 * What a pod's rules become where the node's rules see none of its packets, so that what they carry puts them into their class at
 * the uplink. No rule of a pod may take them out of it or into another. Pure.
 *
 *     macvlan, ipvlan         the priority decides: limits go by mark, and a rule without a dscp sets the class's
 *     Open vSwitch (a veth)   the priority is lost on the way, the DSCP decides: each rule sets the class's
 */
import type { Policy } from "../../policy/policy.ts";
import type { Rule } from "../../policy/rule/rule.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import type { Task } from "../driver.ts";
import { hasLimits } from "../rules/limits.ts";

export function withClass(task: Task): Task {
  const { policy, facts } = task;
  if (policy.uplink === undefined || facts.hostEnd !== undefined) return task;
  if (facts.podLink.kind === "veth") {
    return { ...task, policy: { ...policy, rules: heldToDscp(policy.rules, policy.uplink) } };
  }
  const rules = withDscp(policy.rules, policy.uplink);
  return { ...task, policy: { ...policy, rules }, limitsBy: hasLimits(rules) ? "mark" : "priority" };
}

/** Whether it takes a look at the pod's link to say what its rules become. */
export function dependOnLink({ rules, uplink }: Policy): boolean {
  if (uplink === undefined) return false;
  const become = [withDscp(rules, uplink), heldToDscp(rules, uplink)];
  return hasLimits(rules) || become.some((others) => others.some((rule, at) => rule !== rules[at]));
}

function withDscp(rules: readonly Rule[], { chosen: { dscp } }: UplinkChoice): readonly Rule[] {
  return rules.map((rule) => (rule.dscp === undefined && dscp !== undefined ? { ...rule, dscp } : rule));
}

function heldToDscp(rules: readonly Rule[], { chosen, uplink }: UplinkChoice): readonly Rule[] {
  const others = new Set(uplink.classes.filter(({ name }) => name !== chosen.name).map(({ dscp }) => dscp));
  return rules.map((rule) => {
    if (chosen.dscp !== undefined) return rule.dscp === chosen.dscp ? rule : { ...rule, dscp: chosen.dscp };
    return rule.dscp !== undefined && others.has(rule.dscp) ? { ...rule, dscp: 0 } : rule;
  });
}
