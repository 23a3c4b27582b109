/** Text for people: lines of at most 80 columns, and nothing in them that a terminal would obey. Pure. */
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

/**
 * What others wrote, for a terminal: what would move the cursor, colour or hide the text is shown as JSON writes it. Line ends
 * stay.
 */
export function printable(text: string): string {
  return text.replaceAll(controls, (character) => {
    const code = character.charCodeAt(0);
    return code === 0x0d ? "\\r" : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same as one line, for a log. */
export function oneLine(text: string): string {
  return printable(text.replaceAll("\n", " | "));
}

/** All but the tab and the line end, and what reorders or ends lines in Unicode. */
const controls = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;
