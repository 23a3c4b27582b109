/** What `--help` prints, from the same data that arguments are read by. 80 columns. Pure. */
import { wrapped } from "../plain-text.ts";
import type { Entry, Usage } from "./command.ts";
import type { Option } from "./option.ts";

/** How far to the right descriptions begin. */
const column = 26;

export function commandHelp({ name, about }: Entry, usage: Usage): string {
  const { operand, options, exitCodes } = usage;
  const line = `  pod-qos ${name}${operand === undefined ? "" : ` [${operand}]`} [OPTIONS]`;
  return [
    wrapped(`pod-qos ${name}: ${about}`, 0),
    line,
    ...(usage.about === undefined ? [] : [usage.about]),
    [...Object.entries(options).flatMap(optionLines), row("--help", "this page")].join("\n"),
    wrapped(`Exit code: ${exitCodeWords(exitCodes)}.`, 0),
  ].join("\n\n");
}

function exitCodeWords(codes: Usage["exitCodes"]): string {
  const third = codes[3] === undefined ? "" : `; 3 ${codes[3]}`;
  return `0 ${codes[0]}; 1 ${codes[1]}${third}; 2 wrong usage`;
}

export function groupHelp(group: string, entries: readonly Entry[]): string {
  return [
    `pod-qos ${group} has these commands:`,
    commandLines(entries),
    `"pod-qos ${group} COMMAND --help" lists the options of one.`,
  ].join("\n\n");
}

export function commandLines(entries: readonly Entry[]): string {
  return entries.map(({ name, about }) => row(`pod-qos ${name}`, about)).join("\n");
}

function optionLines([name, { placeholder, about, heading }]: readonly [
  string,
  Option<unknown>,
]): readonly string[] {
  const label = `--${name}${placeholder === undefined ? "" : ` ${placeholder}`}`;
  return [...(heading === undefined ? [] : [`\n${heading}`]), row(label, about)];
}

/** A label that is too long for its column has a line of its own. */
function row(label: string, about: string): string {
  const text = wrapped(about, column, { deeper: 0 });
  return label.length + 4 > column ? `  ${label}\n${text}` : `  ${label}`.padEnd(column) + text.slice(column);
}
