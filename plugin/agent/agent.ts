/**
 * `pod-qos agent`: what is decided when a pod starts, kept true while it runs.
 *
 *     conf directory ─┐
 *     policy files   ─┤ which attachments        queue: two at a time,     decide, plan, compare with the record;
 *     records        ─┼─► must be decided  ────► first change at once, ──► equal: no process; else lock, change
 *     the kernel     ─┤ anew, or looked at       the rest together         what differs, keep what was on failure
 *     the clock      ─┘
 *
 * One agent per node is at work (state/live/sole.ts), the next one waits. A pod keeps what the plugin gave it: without an agent
 * nothing is lost, and nothing follows.
 */
import { command, type Command } from "../command-line/command.ts";
import { pause } from "../kube/pause.ts";
import { findPlaces } from "../runtime/places.ts";
import { assertLivePlace } from "../state/live/place.ts";
import { removeTurn } from "../state/live/agent.ts";
import { leaveSole, tryToBeSole } from "../state/live/sole.ts";
import { CniError, messageOf } from "../errors.ts";
import { serviceLog, type Log } from "../log.ts";
import { runLoop } from "./loop.ts";
import { assertNodeNetwork } from "./node-network.ts";
import { optionsFrom, table, type Options } from "./options.ts";
import { together } from "./together.ts";

/** Keeps pod-qos in the chain until the signal: what `install --watch` does too. The agent is given it, for doors do not know each other. */
export type KeepInstalled = (confDir: string | undefined, log: Log, signal: AbortSignal) => Promise<void>;

export function agentWith(keepInstalled: KeepInstalled): Command {
  return command({
    about: "Follows what changes on this node, and changes its pods while they run.",
    options: table,
    exitCodes: { 0: "ended by SIGTERM or SIGINT", 1: "it could not start" },
    run: async ({ options }) => {
      const settings = optionsFrom(options, process.env);
      const log = serviceLog("pod-qos agent");
      try {
        await serve(settings, keepInstalled, log);
        return 0;
      } catch (error) {
        const details = error instanceof CniError && error.details !== "" ? `: ${error.details}` : "";
        log("error", messageOf(error) + details);
        return 1;
      }
    },
  });
}

async function serve(options: Options, keepInstalled: KeepInstalled, log: Log): Promise<void> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  process.once("SIGTERM", end).once("SIGINT", end);
  // An unexpected error in the change of one pod must not stop the others.
  process.on("unhandledRejection", (error) => log("error", `unexpected error: ${messageOf(error)}`));
  assertLivePlace(options.stateDir);
  assertNodeNetwork(options.stateDir);
  if (!(await becomeSole(options.stateDir, log, ending.signal))) return;
  try {
    const { confDir, install } = options;
    const found = findPlaces("/", { confDir, binDir: undefined });
    const works = [
      runLoop({ ...options, confDir: found.confDir }, log, ending.signal),
      ...(install ? [keepInstalled(confDir, log, ending.signal)] : []),
    ];
    await together(works, end);
  } finally {
    removeTurn(options.stateDir);
    leaveSole(options.stateDir);
  }
}

/** false where this process is asked to end first. */
async function becomeSole(stateDir: string, log: Log, signal: AbortSignal): Promise<boolean> {
  let known: number | undefined;
  while (!signal.aborted) {
    const other = tryToBeSole(stateDir);
    if (other === undefined) return true;
    if (other.pid !== known)
      log("info", `another agent runs on this node (process ${other.pid}): waiting until it ends`);
    known = other.pid;
    // At a random moment: of two that try at once both give way.
    await pause(500 + Math.random() * 500, signal);
  }
  return false;
}
