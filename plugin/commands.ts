/** What a person gets who starts the executable by hand: the table of commands. Their options stand with each of them. */
import { introduction } from "./cli/introduction.ts";
import type { Entry } from "./command-line/command.ts";
import { commandLines } from "./command-line/help.ts";
import { serve } from "./command-line/serve.ts";
import { print, printFault } from "./stdio.ts";

declare const __VERSION__: string;

export const commands: readonly Entry[] = [
  {
    name: "explain",
    about: "what would a pod get, and why?",
    load: async () => (await import("./cli/explain.ts")).explain,
  },
  {
    name: "show",
    about: "what this node's pods have, and what they use of it",
    load: async () => (await import("./cli/show.ts")).show,
  },
  {
    name: "uplink show",
    about: "the classes of the node's uplinks: rate, ceil, now",
    load: async () => (await import("./cli/uplink.ts")).uplinkShow,
  },
  {
    name: "uplink restore",
    about: "make an uplink as its record says",
    load: async () => (await import("./cli/uplink.ts")).uplinkRestore,
  },
  {
    name: "uplink remove",
    about: "take an uplink's classes, sets and rules away",
    load: async () => (await import("./cli/uplink.ts")).uplinkRemove,
  },
  {
    name: "install",
    about: "onto this node: the executable and its place in the chain",
    load: async () => (await import("./install/install.ts")).install,
  },
  {
    name: "uninstall",
    about: "off this node again",
    load: async () => (await import("./install/uninstall.ts")).uninstall,
  },
  {
    name: "doctor",
    about: "what is wrong on this node, and the command that mends it",
    load: async () => (await import("./cli/doctor.ts")).doctor,
  },
  {
    name: "agent",
    about: "runs on each node: what changes reaches pods while they run",
    load: async () => {
      const { agentWith } = await import("./agent/agent.ts");
      const { keepInstalled } = await import("./install/watch.ts");
      const plain = {
        root: "/",
        binDir: undefined,
        network: undefined,
        way: "as-it-is",
        entry: undefined,
      } as const;
      return agentWith((confDir, log, signal) => keepInstalled({ ...plain, confDir }, log, signal));
    },
  },
  {
    name: "controller",
    about: "one per cluster: the status of EgressQoS and NetworkQoS",
    load: async () => (await import("./controller/controller.ts")).controller,
  },
];

export function serveCaller(args: readonly string[]): Promise<number> {
  return serve(args, { entries: commands, help, version: __VERSION__, print, printFault });
}

function help(): string {
  return `pod-qos ${__VERSION__}: ${introduction()}

${commandLines(commands)}

  pod-qos --version       the version
  pod-qos --help          this page; each command has one too

Answers go to stdout, faults to stderr. Exit code 2: wrong usage.`;
}
