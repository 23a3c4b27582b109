/** `pod-qos doctor`: what is wrong on this node, and the command that mends it. */
import { geteuid } from "node:process";
import { command } from "../command-line/command.ts";
import { absolutePath, flag } from "../command-line/option.ts";
import { messageOf, UsageError } from "../errors.ts";
import { diagnose, exitCodeOf } from "./doctor/checks.ts";
import type { Facts, Where } from "./doctor/facts.ts";
import { gather } from "./doctor/gather.ts";
import { jsonOf, textOf } from "./doctor/text.ts";

export const doctor = command({
  about: `Changes nothing. A line per check: √ well, ‼ a warning, × an error; below it
what was found, and a command that mends it. What each means: docs/doctor.md.
Exit code 2 also where something could not be looked at.`,
  options: {
    json: flag("for scripts"),
    "conf-dir": absolutePath("DIR", "default: what the runtime says, else where it is usually"),
    "bin-dir": absolutePath("DIR", "likewise"),
    "state-dir": absolutePath("DIR", 'default: the "stateDir" of the conf'),
    "runtime-socket": absolutePath("SOCKET", "default: that of k3s, microk8s, CRI-O or containerd"),
    root: absolutePath("DIR", "prefix of all paths, for a container with the node's files there"),
  },
  exitCodes: { 0: "all is well", 1: "at least one warning or error" },
  run: async ({ options }, print) => {
    const { json, root = "" } = options;
    const facts = await seen({
      root: root.replace(/\/+$/, ""),
      confDir: options["conf-dir"],
      binDir: options["bin-dir"],
      stateDir: options["state-dir"],
      socket: options["runtime-socket"],
    });
    const diagnoses = diagnose(facts);
    print(json ? jsonOf(diagnoses) : textOf(diagnoses));
    return exitCodeOf(diagnoses);
  },
});

/** Where nothing can be said of the node, that is not an answer of the kind "something is not well". */
async function seen(where: Where): Promise<Facts> {
  if (geteuid?.() !== 0) throw new UsageError("it takes root, as the plugin does");
  try {
    return await gather(where);
  } catch (error) {
    throw new UsageError(`this node cannot be looked at: ${messageOf(error)}`);
  }
}
