/** What the kernel should have for an attachment: the only way from request, policy and facts to programs. Pure. */
import type { Request } from "../cni/request.ts";
import type { Facts } from "../datapath/driver.ts";
import { plan } from "../datapath/plan.ts";
import { hasRequests, type Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import { identityOf } from "./identity.ts";

export type Plan = { readonly facts: Facts; readonly programs: readonly Program[] };

/** The facts may be real, assumed or recorded: whoever asks says so. */
export function planFor(request: Request, policy: Policy, facts: Facts): Plan {
  const programs = hasRequests(policy) ? plan({ identity: identityOf(request), policy, facts }) : [];
  return { facts, programs };
}
