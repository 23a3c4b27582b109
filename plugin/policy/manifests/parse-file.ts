/** The text of a manifest file to its documents. Pure. The YAML library is loaded for the first file that is not JSON. */
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import type { ManifestFile } from "./compile.ts";

export async function parseFile(name: string, text: string): Promise<ManifestFile> {
  return { name, documents: name.endsWith(".json") ? [parseJson(name, text)] : await parseYaml(name, text) };
}

function parseJson(name: string, text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CniError(ErrorCode.invalidConfig, `${name} is not JSON: ${messageOf(error)}`);
  }
}

async function parseYaml(name: string, text: string): Promise<readonly unknown[]> {
  const { parseAllDocuments } = await import("yaml");
  const documents = parseAllDocuments(text, { logLevel: "error", schema: "core" });
  // An empty stream is an empty array with properties of its own.
  return Array.from(documents, (document) => {
    try {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      const value: unknown = document.toJS();
      return value;
    } catch (error) {
      const [what = ""] = messageOf(error).split("\n", 1);
      throw new CniError(
        ErrorCode.invalidConfig,
        `${name} is not YAML: ${what.replace(/:$/, "")}`,
        messageOf(error),
      );
    }
  });
}
