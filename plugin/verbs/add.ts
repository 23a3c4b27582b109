/** ADD: decide, make, hand prevResult back. A failed ADD leaves nothing; a repeated one changes nothing. */
import { decide } from "../attachment/decide.ts";
import { make } from "../attachment/make.ts";
import { deafness } from "../cni/capabilities.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName } from "../cni/request.ts";
import { hasWishes } from "../policy/policy.ts";
import type { Command } from "./context.ts";

export const add: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  const result = resultFrom(input, version);
  const policy = await decide(request, "keep");
  const deaf = hasWishes(policy) ? undefined : deafness(document);
  for (const warning of deaf === undefined ? policy.warnings : [...policy.warnings, deaf])
    log("warn", `ADD ${podName(call)} ${call.ifname}: ${warning}`);
  await make(request, policy, log);
  return result;
};
