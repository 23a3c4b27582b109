/** The text of a manifest file to its documents. Pure. The YAML library is loaded for the first file that is not JSON. */
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import { refuseRepeatedKeys } from "../../cni/json-keys.ts";
import { yamlFault } from "../text/yaml-fault.ts";
import { ambiguity, valueOf } from "../text/yaml-value.ts";
import type { ManifestFile } from "./compile.ts";

export async function parseFile(name: string, text: string): Promise<ManifestFile> {
  const documents = name.endsWith(".json") ? [{ value: parseJson(name, text) }] : await parseYaml(name, text);
  return { name, documents };
}

function parseJson(name: string, text: string): unknown {
  const json = withoutByteOrderMark(text);
  if (json.trim() === "") return null;
  const value = asJson(name, json);
  refuseRepeatedKeys(name, json);
  return value;
}

function asJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CniError(ErrorCode.invalidConfig, `${name} is not JSON: ${messageOf(error)}`);
  }
}

/** What editors of Windows put first; kubectl reads past it. */
function withoutByteOrderMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

async function parseYaml(name: string, text: string): Promise<ManifestFile["documents"]> {
  const { parseAllDocuments, visit } = await import("yaml");
  try {
    // An empty stream is an empty array with properties of its own.
    return Array.from(
      parseAllDocuments(text, { logLevel: "error", schema: "core", merge: true }),
      (document) => ({
        value: valueOf(document),
        fault: ambiguity(document, visit, text),
      }),
    );
  } catch (error) {
    throw yamlFault(`${name} is not YAML`, error);
  }
}
