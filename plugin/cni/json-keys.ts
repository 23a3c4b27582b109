/** Keys that stand twice in an object: JSON.parse takes the last one, and a limit is gone without a word; kubectl refuses. Pure. */
import { CniError, ErrorCode } from "../errors.ts";
import { tokensOf } from "./json-tokens.ts";

/** `text`: JSON, as JSON.parse has found. */
export function refuseRepeatedKeys(subject: string, text: string): void {
  /** Of each object or list that is open; a list has no keys. */
  const open: (Set<string> | undefined)[] = [];
  let last = "";
  for (const { text: token } of tokensOf(text)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ",") continue;
    else if (token !== ":") last = token;
    else if (open.at(-1)?.has(last) === true) throw repeated(subject, last);
    else open.at(-1)?.add(last);
  }
}

function repeated(subject: string, key: string): CniError {
  return new CniError(ErrorCode.invalidConfig, `${subject}: the key ${key} is twice in one object`);
}
