/** ADD: decide, make, hand prevResult back. A failed ADD leaves nothing; a repeated one changes nothing. */
import { decide } from "../attachment/decide.ts";
import { alone } from "../attachment/lock.ts";
import { make } from "../attachment/make.ts";
import { identityOf } from "../attachment/plan.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName } from "../cni/request.ts";
import type { Command } from "./context.ts";

export const add: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  const result = resultFrom(input, version);
  const policy = await decide(request, "keep");
  for (const warning of policy.warnings) log("warn", `ADD ${podName(call)} ${call.ifname}: ${warning}`);
  const lock = { stateDir: request.conf.stateDir, identity: identityOf(request), verb: "ADD" };
  await alone(lock, () => make(request, policy, log));
  return result;
};
