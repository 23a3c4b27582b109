/** What ADD makes and CHECK expects for an attachment: the one path from request to programs. Touches nothing. */
import type { Request } from "../cni/request.ts";
import type { Facts, Features } from "../datapath/driver.ts";
import type { Identity } from "../datapath/names.ts";
import { plan } from "../datapath/plan.ts";
import { inspect } from "../kernel/inspect.ts";
import type { Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";

export type Plan = { readonly facts: Facts; readonly programs: readonly Program[] };

/** `added`: how things were at ADD, where what came later shall not count. */
export async function planFor(
  request: Request,
  policy: Policy,
  features: Promise<Features>,
  added?: Facts,
): Promise<Plan> {
  const { call, interfaces } = request;
  const found = await inspect({ netns: call.netns, ifname: call.ifname, interfaces }, features);
  const facts = added === undefined ? found : asAdded(added, found);
  return { facts, programs: plan({ identity: identityOf(request), policy, facts }) };
}

/**
 * A plugin behind us may set the MTU (tuning does): bursts and queues planned for another one still limit as they should. And
 * IPv6 may have come with a module since.
 */
function asAdded(added: Facts, found: Facts): Facts {
  const { podLink, hostEnd, ipv6 } = added;
  const isSameEnd = hostEnd !== undefined && hostEnd.ifindex === found.hostEnd?.ifindex;
  return {
    ...found,
    ipv6,
    podLink: { ...found.podLink, mtu: podLink.mtu },
    hostEnd: isSameEnd ? { ...found.hostEnd, mtu: hostEnd.mtu } : found.hostEnd,
  };
}

export function identityOf({ call, conf }: Request): Identity {
  return { network: conf.network, containerId: call.containerId, ifname: call.ifname };
}
