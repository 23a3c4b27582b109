/** ADD: decide, make, hand prevResult back. A failed ADD leaves nothing; a repeated one changes nothing. */
import { decideForAdd } from "../attachment/await-agent.ts";
import { alone } from "../attachment/lock.ts";
import { make } from "../attachment/make.ts";
import { identityOf } from "../attachment/identity.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName } from "../cni/request.ts";
import type { Command } from "./context.ts";

export const add: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  const result = resultFrom(input, version);
  const decision = await decideForAdd(request, log);
  for (const warning of decision.warnings) log("warn", `ADD ${podName(call)} ${call.ifname}: ${warning}`);
  const lock = { stateDir: request.conf.stateDir, identity: identityOf(request), verb: "ADD" };
  await alone(lock, () => make(request, decision, log));
  return result;
};
