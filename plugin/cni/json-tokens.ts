/**
 * The tokens that the structure of a JSON text is read from: strings and punctuation. Pure; the text is known to be valid JSON.
 *
 * A regular expression for a whole string keeps a way back for each escape in it, and some millions are more than it has room for.
 */
export type Token = { readonly text: string; readonly index: number };

export function* tokensOf(json: string): Generator<Token> {
  // A string without escapes as a whole, of another one the first quote.
  const beginning = /"[^"\\]*"|["{}[\],:]/g;
  for (let found = beginning.exec(json); found !== null; found = beginning.exec(json)) {
    const { 0: text, index } = found;
    if (text === '"') {
      beginning.lastIndex = endOfString(json, index + 1);
      yield { text: json.slice(index, beginning.lastIndex), index };
    } else yield { text, index };
  }
}

/** Behind the first quote that no backslash escapes. */
function endOfString(json: string, start: number): number {
  const special = /["\\]/g;
  special.lastIndex = start;
  for (let found = special.exec(json); found !== null; found = special.exec(json)) {
    if (found[0] === '"') return special.lastIndex;
    special.lastIndex += 1;
  }
  return json.length;
}
