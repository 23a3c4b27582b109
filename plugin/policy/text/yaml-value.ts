/** A YAML document to a value, and what in it not all who read YAML would read the same. Pure. */
import type { Document, Node, Pair, visit as Visit } from "yaml";

export function valueOf(document: Document.Parsed, maxAliasCount?: number): unknown {
  const [error] = document.errors;
  if (error !== undefined) throw error;
  return document.toJS(maxAliasCount === undefined ? {} : { maxAliasCount });
}

/**
 * The first word that kubectl, which reads YAML 1.1, takes for something else: that has octal numbers and more booleans.
 * `visit`: the library's own, which is loaded only where YAML is read. `text`: of which the document is a part.
 */
export function ambiguity(document: Document.Parsed, visit: typeof Visit, text: string): string | undefined {
  let found: string | undefined;
  visit(document, {
    Scalar: (_, { type, source = "", range }, path) => {
      const doubt = type === "PLAIN" ? doubtOf(source) : undefined;
      if (doubt === undefined || path.some(isOthers)) return undefined;
      const line = text.slice(0, range?.[0]).split("\n").length;
      found = `${source} in line ${line} is ${doubt}`;
      return visit.BREAK;
    },
  });
  return found;
}

function doubtOf(source: string): string | undefined {
  if (/^[-+]?0\d+$/.test(source)) return `octal to some and decimal to others: ${retype}`;
  return /^(?:y|n|yes|no|on|off)$/i.test(source)
    ? `a boolean to some and text to others: ${retype}`
    : undefined;
}

const retype = "write the number without the zero, or the text in quotes";

/** What of an object is other people's: whatever it says, it is nothing to us. */
function isOthers(step: Document | Node | Pair): boolean {
  if (!("key" in step) || typeof step.key !== "object" || step.key === null) return false;
  return "value" in step.key && othersParts.has(step.key.value);
}

const othersParts: ReadonlySet<unknown> = new Set(["annotations", "managedFields", "status"]);
