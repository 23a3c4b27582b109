/** Text for people: lines of at most 80 columns. Pure. */
const width = 80;

export type Layout = {
  /** How much deeper than the first line those stand that follow. */
  readonly deeper?: number;
  /** Ends each line that goes on. */
  readonly mark?: string;
};

/** Broken at blanks. A longer word stays whole. */
export function wrapped(text: string, indent: number, { deeper = 4, mark = "" }: Layout = {}): string {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length + mark.length > width) {
      lines.push(line + mark);
      line = " ".repeat(indent + deeper);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join("\n");
}
