/**
 * A command as data: parse.ts reads arguments by it, help.ts prints it, serve.ts runs it. A new command is a file with a
 * `command({...})` and a line in plugin/commands.ts. Pure.
 */
import { parse, type Given } from "./parse.ts";
import type { Options } from "./option.ts";

export type Print = (text: string) => boolean;

/** What help.ts prints of it. */
export type Usage = {
  readonly options: Options;
  /** What stands for its one argument that is no option, as "POD"; left out: it takes none. */
  readonly operand?: string;
  /** Above the options in the help. */
  readonly about?: string;
  /** What 0 and 1 say, and 3 where there is one. 2 is a command line that is wrong, for every command. */
  readonly exitCodes: { readonly 0: string; readonly 1: string; readonly 3?: string };
};

export type Command = {
  readonly usage: Usage;
  readonly run: (args: readonly string[], print: Print) => Promise<number>;
};

/** A command's code is loaded when it is called for, not before. */
export type Entry = {
  /** "show", "uplink show" */
  readonly name: string;
  readonly about: string;
  readonly load: () => Promise<Command>;
};

/** `run` has the options as their `read` gives them; it throws a UsageError for what is wrong between them. */
export function command<const Table extends Options>(
  declared: Usage & {
    readonly options: Table;
    readonly run: (given: Given<Table>, print: Print) => number | Promise<number>;
  },
): Command {
  const { run, ...usage } = declared;
  return { usage, run: async (args, print) => run(parse(args, declared), print) };
}
