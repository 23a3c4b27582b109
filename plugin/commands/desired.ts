/** What ADD makes and CHECK expects for an attachment: the one path from request to programs. Touches nothing. */
import type { Request } from "../cni/request.ts";
import type { Facts, Features } from "../datapath/driver.ts";
import type { Identity } from "../datapath/names.ts";
import { plan } from "../datapath/plan.ts";
import { inspect } from "../kernel/inspect.ts";
import type { Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";

export type Desired = { readonly facts: Facts; readonly programs: readonly Program[] };

export async function desire(
  request: Request,
  policy: Policy,
  features: Promise<Features>,
): Promise<Desired> {
  const { call, interfaces } = request;
  const facts = await inspect({ netns: call.netns, ifname: call.ifname, interfaces }, features);
  return { facts, programs: plan({ identity: identityOf(request), policy, facts }) };
}

export function identityOf({ call, conf }: Request): Identity {
  return { network: conf.network, containerId: call.containerId, ifname: call.ifname };
}
