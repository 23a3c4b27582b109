/** Arguments, by the options of a command. `--option value`, `--option=value`; after `--` all is operand. Pure. */
import { parseArgs } from "node:util";
import { UsageError } from "../errors.ts";
import type { Options, Values } from "./option.ts";

export type Given<Table extends Options> = {
  readonly options: Values<Table>;
  readonly operand: string | undefined;
};

type Declared<Table extends Options> = { readonly options: Table; readonly operand?: string };

export function parse<Table extends Options>(
  args: readonly string[],
  { options, operand }: Declared<Table>,
): Given<Table> {
  // Not strict: its refusals name no command and give advice that holds for none of ours.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { placeholder }]) => [
        name,
        { type: placeholder === undefined ? ("boolean" as const) : ("string" as const) },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string[]>(Object.keys(options).map((name) => [name, []]));
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind === "option") {
      const text = textOf(token, options);
      given.get(token.name)?.push(text);
    }
  }
  return { options: valuesOf(options, given), operand: only(operands, operand) };
}

/** Whether the help is asked for, beside whatever else. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((word) => word === "--help" || word === "-h");
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
};

function textOf({ name, rawName, value, inlineValue }: OptionToken, options: Options): string {
  const option = Object.hasOwn(options, name) && rawName === `--${name}` ? options[name] : undefined;
  if (option === undefined) throw new UsageError(`there is no option ${rawName}`);
  const { placeholder } = option;
  if (placeholder === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return "";
  }
  if (value === undefined) throw new UsageError(`${rawName} needs a value: ${rawName} ${placeholder}`);
  // "--state-dir --json": the value was forgotten.
  if (inlineValue === false && value.startsWith("-") && value !== "-") {
    throw new UsageError(`${rawName} needs a value; one that begins with "-" is written ${rawName}=${value}`);
  }
  return value;
}

function valuesOf<Table extends Options>(
  options: Table,
  given: ReadonlyMap<string, readonly string[]>,
): Values<Table> {
  const entries = Object.entries(options).map(([name, { read }]) => [
    name,
    read(given.get(name) ?? [], `--${name}`),
  ]);
  return Object.fromEntries(entries) as Values<Table>;
}

function only(operands: readonly string[], placeholder: string | undefined): string | undefined {
  const [first, second] = operands;
  if (first === undefined) return undefined;
  if (placeholder === undefined)
    throw new UsageError(`it takes options and nothing else: ${JSON.stringify(first)}`);
  if (second === undefined) return first;
  throw new UsageError(`one ${placeholder} is enough: ${JSON.stringify(first)}, ${JSON.stringify(second)}`);
}
