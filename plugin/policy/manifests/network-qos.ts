/** NetworkQoS, k8s.ovn.org/v1alpha1: held to what its CRD says, properly anchored. Pure. */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { anObject, refuseUnknownKeys, type JsonObject } from "../../cni/fields.ts";
import { parseRules } from "../rule/rules.ts";
import type { NetworkQos } from "./manifest.ts";
import { parseNetworkSelectors } from "./network-selectors.ts";
import type { Meta } from "./object.ts";
import { parseSelector } from "../label/selector.ts";

const mostRules = 20;
const highestPriority = 100;

export function parseNetworkQos(object: JsonObject, { title, shortTitle, file, name }: Meta): NetworkQos {
  const spec = anObject("spec", object["spec"] ?? null);
  refuseUnknownKeys(spec, "spec.", ["podSelector", "networkSelectors", "priority", "egress"]);
  const rules = parseRules("spec.egress", spec["egress"], "manifest");
  if (rules.length > mostRules) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `spec.egress: ${rules.length} rules are not valid: at most ${mostRules}`,
    );
  }
  return {
    title,
    name,
    priority: parsePriority("spec.priority", spec["priority"]),
    podSelector: parseSelector("spec.podSelector", spec["podSelector"]),
    networks: parseNetworkSelectors("spec.networkSelectors", spec["networkSelectors"]),
    rules: rules.map((rule, at) => ({ ...rule, source: `${shortTitle} egress[${at}] (${file})` })),
  };
}

function parsePriority(field: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > highestPriority) {
    throw invalidValue(field, value ?? null, `a whole number from 0 to ${highestPriority}, and required`);
  }
  return value;
}
