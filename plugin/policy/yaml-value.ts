/** A YAML document to a value, if all who read YAML would read the same. Pure. */
import type { Document, visit as Visit } from "yaml";

/** `visit`: the library's own, which is loaded only where YAML is read. */
export function valueOf(document: Document.Parsed, visit: typeof Visit, maxAliasCount?: number): unknown {
  const [error] = document.errors;
  if (error !== undefined) throw error;
  visit(document, {
    Scalar: (_, { type, source = "" }) => {
      if (type !== "PLAIN") return;
      // YAML 1.1, which kubectl reads, has octal numbers and more booleans than 1.2.
      if (/^[-+]?0\d+$/.test(source))
        throw new Error(`${source} is octal to some and decimal to others: ${retype}`);
      if (/^(?:y|n|yes|no|on|off)$/i.test(source)) {
        throw new Error(`${source} is a boolean to some and text to others: ${retype}`);
      }
    },
  });
  return document.toJS(maxAliasCount === undefined ? {} : { maxAliasCount });
}

const retype = "write the number without the zero, or the text in quotes";
