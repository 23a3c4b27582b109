/** What becomes of a packet that a filter takes: it goes on to the next, or ends there, dropped or let through. Pure. */
import { actionsOf } from "../parse-filter.ts";

/** Whether some packet may end there and live: what is dropped gets past nothing, and behind "continue" the next filter is asked. */
export function letsPass(text: string): boolean {
  // The program says what becomes of a packet: whatever there is.
  if (/ direct-action /.test(`${text} `)) return true;
  for (const action of actionsOf(text)) {
    const verdicts = verdictsOf(action);
    if (verdicts.some((verdict) => !harmless.has(verdict))) return true;
    if (!verdicts.includes("pipe")) return false;
  }
  // No action at all, or "pipe" behind the last: the same as "pass".
  return true;
}

const harmless = new Set(["continue", "drop", "shot", "pipe"]);

/** All that the action may end with. An action that says nothing is taken for one that passes. */
function verdictsOf(action: string): readonly string[] {
  const policed = /\bpolice 0x.* action (\w+)(?:\/(\w+))? /.exec(action);
  // What conforms passes where nothing else is said of it.
  if (policed !== null) return [policed[1] ?? "pass", policed[2] ?? "pass"];
  const words = action.replace(/random type none \w+ val \d+/, "").replace(/\([^)]*\)/g, "");
  const found = words.match(verdictWords) ?? [];
  return found.length === 0 ? ["pass"] : found;
}

const verdictWords = /\b(?:pass|ok|drop|shot|continue|reclassify|pipe|stolen|queued|trap|goto|jump)\b/g;
