/** What ADD would program for an uplink where there is nothing yet: the classes, their sets and rules, the pod's addresses. */
import type { Features } from "../../datapath/driver.ts";
import { podPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { wantedChains } from "../../kernel/uplink/observe.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import type { Batch } from "../../program/handler.ts";
import { addChains } from "../../program/iptables/chain.ts";
import { addToSets } from "../../program/ipset/members.ts";
import { addTc } from "../../program/tc/render.ts";

export function uplinkPrograms(
  { uplink, chosen, link }: UplinkChoice,
  { fqCodel }: Features,
  addresses: readonly string[],
): readonly Batch[] {
  const state = uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: true });
  const { members, nonMembers } = podPart(uplink, chosen.name, addresses);
  return [
    ...(state.sets.length === 0 ? [] : [addToSets(state.sets, members, nonMembers)]),
    addTc(state.tree),
    ...wantedChains(state).map(([family, chain]) => addChains(family, [chain])),
  ];
}
