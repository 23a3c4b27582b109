/** NetworkAttachmentDefinition: which CNI network it makes. Pure. */
import { CniError, ErrorCode, invalidValue, messageOf } from "../../errors.ts";
import { anObject, isObject, optional, type JsonObject } from "../../cni/fields.ts";
import { sameKey } from "../../cni/spelling.ts";
import type { Meta } from "./object.ts";

/** The name in its config; one without, or with none, goes by its own name. */
export function networkOf(object: JsonObject, { name }: Meta): string {
  const spec = optional(object, "", "spec", anObject) ?? {};
  const config = spec["config"];
  if (config === undefined || config === null || config === "") return name;
  if (typeof config !== "string") throw invalidValue("spec.config", config, "a CNI configuration as text");
  const said = Object.entries(parseConfig(config)).find(([key]) => sameKey(key, "name"))?.[1];
  return typeof said === "string" && said !== "" ? said : name;
}

function parseConfig(text: string): JsonObject {
  try {
    const config: unknown = JSON.parse(text);
    if (isObject(config)) return config;
  } catch (error) {
    throw new CniError(ErrorCode.invalidConfig, `spec.config is not JSON: ${messageOf(error)}`);
  }
  throw new CniError(ErrorCode.invalidConfig, "spec.config is not a JSON object");
}
