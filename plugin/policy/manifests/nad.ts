/** NetworkAttachmentDefinition: which CNI network it makes. Pure. */
import * as z from "zod/mini";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { sameKey } from "../../cni/spelling.ts";
import { read } from "../text/read.ts";
import { once } from "../text/schema.ts";
import type { Meta } from "./object.ts";

/** The name in its config; one without, or with none, goes by its own name. */
export function networkOf(object: JsonObject, { name }: Meta): string {
  const config = read("spec", object["spec"], spec())?.config;
  if (config === undefined || config === null || config === "") return name;
  const said = Object.entries(parseConfig(config)).find(([key]) => sameKey(key, "name"))?.[1];
  return typeof said === "string" && said !== "" ? said : name;
}

const spec = once(() =>
  z.nullish(z.looseObject({ config: z.nullish(z.string("a CNI configuration as text")) })),
);

function parseConfig(text: string): JsonObject {
  try {
    const config: unknown = JSON.parse(text);
    if (isObject(config)) return config;
  } catch (error) {
    throw new CniError(ErrorCode.invalidConfig, `spec.config is not JSON: ${messageOf(error)}`);
  }
  throw new CniError(ErrorCode.invalidConfig, "spec.config is not a JSON object");
}
