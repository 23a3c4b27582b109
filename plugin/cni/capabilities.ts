/** What the conf asks the runtime to pass on: what is not declared there never arrives, whatever a pod is annotated with. Pure. */
import { invalidValue } from "../errors.ts";
import { isObject, type Decoder, type JsonObject } from "./fields.ts";
import { annotationsCapability, bandwidthCapability, capabilityKeys } from "./keys.ts";

/** A typo would leave every pod unlimited, and the runtime says nothing of a capability that it does not have. */
export const checkCapabilities: Decoder<JsonObject> = (field, value) => {
  if (!isObject(value)) throw invalidValue(field, value, wanted);
  for (const [name, on] of Object.entries(value)) {
    if (!capabilityKeys.includes(name)) {
      throw invalidValue(field, value, `there is no capability ${JSON.stringify(name)}; ${wanted}`);
    }
    if (typeof on !== "boolean") throw invalidValue(`${field}.${name}`, on, "true or false");
  }
  return value;
};

const wanted = `pod-qos needs {"${bandwidthCapability}": true, "${annotationsCapability}": true}`;

/** Why no pod of this network will ever have a limit; undefined where one may. */
export function unheard(document: JsonObject): string | undefined {
  const declared = isObject(document["capabilities"]) ? document["capabilities"] : {};
  const given = isObject(document["runtimeConfig"]) ? document["runtimeConfig"] : {};
  const hears = [bandwidthCapability, annotationsCapability].some(
    (name) => declared[name] === true || given[name] !== undefined,
  );
  const says = confRequests.some((key) => document[key] !== undefined && document[key] !== null);
  if (hears || says) return undefined;
  return `the conf declares no capabilities, so the runtime passes on nothing that pods request, and it sets no limits itself: every pod is unlimited; ${wanted}`;
}

/** The keys of the conf by which it has something to say for pods itself. */
const confRequests = ["ingressRate", "egressRate", "defaults", "egress", "policyDir", "uplink"];

/** What a runtime passes on of what it has to say. */
export function declaredIn(capabilities: unknown, given: JsonObject): JsonObject {
  const declared = isObject(capabilities) ? capabilities : {};
  return Object.fromEntries(Object.entries(given).filter(([name]) => declared[name] === true));
}
