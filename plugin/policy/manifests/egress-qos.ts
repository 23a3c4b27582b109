/** EgressQoS, k8s.ovn.org/v1: a mark by destination and pod. Pure. */
import { CniError, ErrorCode } from "../../errors.ts";
import { anObject, optional, refuseUnknownKeys, type JsonObject } from "../../cni/fields.ts";
import { parseCidr } from "../address/cidr.ts";
import { listOf } from "../text/list.ts";
import { parseManifestDscp } from "../rule/rules.ts";
import type { EgressQos, EgressQosEntry } from "./manifest.ts";
import type { Meta } from "./object.ts";
import { parseSelector } from "../label/selector.ts";

/** Upstream's controller gives up beyond that. */
const mostRules = 1000;

export function parseEgressQos(object: JsonObject, { title, shortTitle, file }: Meta): EgressQos {
  const spec = anObject("spec", object["spec"] ?? null);
  refuseUnknownKeys(spec, "spec.", ["egress"]);
  if (!Array.isArray(spec["egress"])) {
    throw new CniError(ErrorCode.invalidConfig, "spec.egress: a list of rules is required");
  }
  const entries = listOf("spec.egress", spec["egress"], parseEntry);
  if (entries.length > mostRules) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `spec.egress: ${entries.length} rules are not valid: at most ${mostRules}`,
    );
  }
  return {
    title,
    entries: entries.map((entry, at) => ({
      ...entry,
      rule: { ...entry.rule, source: `${shortTitle} egress[${at}] (${file})` },
    })),
  };
}

function parseEntry(field: string, value: unknown): EgressQosEntry {
  const entry = anObject(field, value);
  refuseUnknownKeys(entry, `${field}.`, ["dscp", "dstCIDR", "podSelector"]);
  const cidr = optional(entry, `${field}.`, "dstCIDR", parseCidr);
  return {
    podSelector: parseSelector(`${field}.podSelector`, entry["podSelector"]),
    rule: {
      dscp: parseManifestDscp(`${field}.dscp`, entry["dscp"]),
      limit: undefined,
      to: cidr === undefined ? [] : [{ cidr, except: [] }],
      from: [],
      services: [],
      source: field,
    },
  };
}
