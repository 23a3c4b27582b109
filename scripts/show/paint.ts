/** Colour and width of the terminal, where there is one (pure but for reading the environment). */

export type Tone = "plain" | "bold" | "dim" | "good" | "bad" | "from" | "to" | "cap";

const CODES: Readonly<Record<Tone, string>> = {
  plain: "0",
  bold: "1",
  dim: "2",
  good: "32",
  bad: "31",
  from: "36",
  to: "35",
  cap: "33;1",
};

/** NO_COLOR wins over everything; without a terminal only FORCE_COLOR brings colour. */
const colourful =
  (process.env["NO_COLOR"] ?? "") === "" &&
  (process.stdout.isTTY || (process.env["FORCE_COLOR"] ?? "0") !== "0") &&
  process.env["TERM"] !== "dumb";

export const paint = (tone: Tone, text: string): string =>
  colourful ? `\u001B[${CODES[tone]}m${text}\u001B[0m` : text;

/** Breaks text at blanks so that no line, with its indent, is wider than 80 columns. */
export const wrap = (text: string, indent = "  ", width = 80): string => {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length + word.length + 1 > width && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join("\n");
};
