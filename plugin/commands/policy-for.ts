/** What an attachment shall have, for every verb that asks. Reads rules only where there are some. */
import type { Request } from "../cni/request.ts";
import { ownAnnotations } from "../policy/annotations.ts";
import { decidePolicy, noRules, type Policy } from "../policy/policy.ts";

export async function policyFor(request: Request): Promise<Policy> {
  if (!hasOwnRules(request)) return decidePolicy(request, noRules);
  const { readOwnRules } = await import("../policy/own-rules.ts");
  return decidePolicy(request, { ...noRules, ...(await readOwnRules(request)) });
}

function hasOwnRules({ conf, runtime }: Request): boolean {
  return (
    conf.rules !== undefined || ownAnnotations(runtime.annotations).some(({ name }) => name === "egress")
  );
}
