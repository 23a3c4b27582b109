/** What ADD would program for an uplink where there is nothing yet: the classes, their sets and rules, the pod's addresses. */
import type { Features } from "../../datapath/driver.ts";
import { podPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { wantedRules } from "../../kernel/uplink/observe.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import type { Batch } from "../../program/handler.ts";
import { changeRules, type ObservedRules } from "../../program/uplink/rules.ts";
import { addToSets } from "../../program/uplink/sets.ts";
import { addTc } from "../../program/tc/render.ts";

export function uplinkPrograms(
  { uplink, chosen, link }: UplinkChoice,
  { fqCodel }: Features,
  addresses: readonly string[],
): readonly Batch[] {
  const { tree, sets, rules } = uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: true });
  const { members, strangers } = podPart(uplink, chosen.name, addresses);
  return [
    ...(sets.length === 0 ? [] : [addToSets(sets, members, strangers)]),
    addTc(tree),
    ...wantedRules(rules).flatMap(([tool, wanted]) => changeRules(tool, wanted, nothing) ?? []),
  ];
}

const nothing: ObservedRules = { before: [], chainExists: false, inChain: [], atHooks: [] };
