/**
 * Top-level members of a JSON object as they were written. Pure; the text is known to be valid JSON.
 *
 * prevResult must go back with byte-equal values, and JSON.parse followed by JSON.stringify does not promise that
 * (1.0 becomes 1, integers beyond 2^53 change, integer-like keys move to the front). So it is cut out of the input.
 */
import { tokensOf } from "./json-tokens.ts";

export function rawMember(json: string, key: string, isSame = exactly): string | undefined {
  const span = memberSpan(json, key, isSame);
  return span === undefined ? undefined : json.slice(span.start, span.end).trim();
}

/** The object with one string member set: in place when it is there, else put first. */
export function withMember(json: string, key: string, value: string, isSame = exactly): string {
  const span = memberSpan(json, key, isSame);
  const wanted = JSON.stringify(value);
  if (span !== undefined) return json.slice(0, span.start) + wanted + json.slice(span.end);
  const separator = /^\s*\{\s*\}\s*$/.test(json) ? "" : ",";
  return json.replace("{", () => `{${JSON.stringify(key)}:${wanted}${separator}`);
}

function exactly(one: string, other: string): boolean {
  return one === other;
}

export type Span = { readonly start: number; readonly end: number };

/** Where the value of the member stands; of a key given twice the last one, as JSON.parse has it. */
export function memberSpan(json: string, key: string, isSame = exactly): Span | undefined {
  let found: Span | undefined;
  let depth = 0;
  let current = "";
  let start = -1;
  for (const { text: token, index } of tokensOf(json)) {
    if (depth === 1) {
      if (token === "," || token === "}") {
        if (start >= 0 && isSame(current, key)) found = { start, end: index };
        start = -1;
      } else if (start < 0 && token === ":") {
        start = index + 1;
      } else if (start < 0) {
        current = String(JSON.parse(token));
      }
    }
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
  }
  return found;
}
