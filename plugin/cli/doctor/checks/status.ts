/** What STATUS says, in words for people. Pure. */
import type { Fault } from "../facts.ts";

export function statusFault({ message, details }: Fault): string {
  const said = message.replace(/^pod-qos cannot serve ADD: /, "");
  return details === "" ? said : `${said}: ${details}`;
}
