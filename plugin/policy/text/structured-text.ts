/** JSON or YAML text to a value. Pure. The YAML library is loaded for what JSON.parse does not take. */
import { CniError, ErrorCode } from "../../errors.ts";
import { refuseRepeatedKeys } from "../../cni/json-keys.ts";
import { yamlFault } from "./yaml-fault.ts";
import { ambiguity, valueOf } from "./yaml-value.ts";

/** What Kubernetes allows all annotations of an object together. */
const longest = 256 * 1024;

export async function parseStructured(field: string, text: string): Promise<unknown> {
  if (text.length > longest) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}: ${text.length} characters are too many: at most ${longest}`,
    );
  }
  const value = asJson(text);
  if (value === undefined) return parseYaml(field, text);
  refuseRepeatedKeys(field, text);
  return value;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Aliases are refused: nobody needs them here, and nested ones make a page of text into gigabytes. */
async function parseYaml(field: string, text: string): Promise<unknown> {
  const { parseDocument, visit } = await import("yaml");
  try {
    const document = parseDocument(text, { logLevel: "error", schema: "core" });
    const value = valueOf(document, 0);
    const doubt = ambiguity(document, visit, text);
    if (doubt === undefined) return value;
    throw new CniError(ErrorCode.invalidConfig, `${field}: ${doubt}`);
  } catch (error) {
    throw error instanceof CniError ? error : yamlFault(`${field} is neither JSON nor YAML`, error);
  }
}
