/** A command line: which command it calls for, its help, and what went wrong. Answers go to stdout, faults to stderr. */
import { CniError, messageOf, UsageError } from "../errors.ts";
import { printable } from "../plain-text.ts";
import type { Entry, Print } from "./command.ts";
import { commandHelp, groupHelp } from "./help.ts";
import { asksForHelp } from "./parse.ts";

export type Program = {
  readonly entries: readonly Entry[];
  /** What `pod-qos --help` prints. */
  readonly help: () => string;
  readonly version: string;
  readonly print: Print;
  readonly printFault: Print;
};

/** The exit code: 0; 1 by the command, or where it failed; 2 where the command line is wrong. */
export async function serve(args: readonly string[], program: Program): Promise<number> {
  const { entries, print } = program;
  const [first = "help", ...rest] = args;
  if (first === "help" && rest.length > 0) return serve([...rest, "--help"], program);
  if (first === "help" || first === "--help" || first === "-h") return print(program.help()) ? 0 : 1;
  if (first === "version" || first === "--version") return print(`pod-qos ${program.version}`) ? 0 : 1;
  const entry = entries.find(({ name }) => name === `${first} ${rest[0]}` || name === first);
  if (entry !== undefined) return run(entry, args.slice(entry.name.split(" ").length), program);
  const group = entries.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) return refuse("pod-qos", `there is no command ${JSON.stringify(first)}`, program);
  if (asksForHelp(rest)) return print(groupHelp(first, group)) ? 0 : 1;
  const names = group.map(({ name }) => name);
  const there = [names.slice(0, -1).join(", "), ...names.slice(-1)]
    .filter((each) => each !== "")
    .join(" and ");
  return refuse(`pod-qos ${first}`, `there are ${there}`, program);
}

async function run(entry: Entry, args: readonly string[], program: Program): Promise<number> {
  const { print, printFault } = program;
  const name = `pod-qos ${entry.name}`;
  const { usage, run: perform } = await entry.load();
  if (asksForHelp(args)) return print(commandHelp(entry, usage)) ? 0 : 1;
  try {
    return await perform(args, print);
  } catch (error) {
    if (error instanceof UsageError) return refuse(name, error.message, program);
    const details = error instanceof CniError && error.details !== "" ? `\n${error.details}` : "";
    printFault(printable(`${name}: ${messageOf(error)}${details}`));
    return 1;
  }
}

function refuse(name: string, fault: string, { printFault }: Program): 2 {
  printFault(printable(`${name}: ${fault}\n"${name} --help" tells how it is called.`));
  return 2;
}
