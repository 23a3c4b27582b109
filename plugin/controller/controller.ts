/**
 * `pod-qos controller`: adds up what the nodes report into the status of each EgressQoS and NetworkQoS. One per cluster. It is in
 * no pod's way: without it statuses stay as they are.
 *
 *     QoSNodes, Nodes  ─┐                           status.status, condition Ready
 *     EgressQoS        ─┼─► the sum, object by ──► what differs is written, an object
 *     NetworkQoS       ─┘   object                  at most once a second
 *
 * It keeps nothing of its own: a second one, or the next, comes to the same sum, and writes nothing where that is there already.
 */
import { command } from "../command-line/command.ts";
import { messageOf } from "../errors.ts";
import { serviceLog } from "../log.ts";
import { runLoop } from "./loop.ts";
import { optionsFrom, table } from "./options.ts";

export const controller = command({
  about: "Writes the status of each EgressQoS and NetworkQoS, as the agents report it.",
  options: table,
  exitCodes: { 0: "ended by SIGTERM or SIGINT", 1: "it could not start" },
  run: async ({ options }) => {
    const log = serviceLog("pod-qos controller");
    const ending = new AbortController();
    const end = (): void => ending.abort();
    process.once("SIGTERM", end).once("SIGINT", end);
    process.on("unhandledRejection", (error) => log("error", `unexpected error: ${messageOf(error)}`));
    try {
      await runLoop(optionsFrom(options), log, ending.signal);
      return 0;
    } catch (error) {
      log("error", messageOf(error));
      return 1;
    }
  },
});
