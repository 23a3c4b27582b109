/** `networkSelectors` of a NetworkQoS. Pure. */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { anObject, isPresent, oneOf, refuseUnknownKeys, type JsonObject } from "../../cni/fields.ts";
import { listOf } from "../text/list.ts";
import { networkTypes, type NetworkSelector } from "./manifest.ts";
import { parseSelector, type Selector } from "../label/selector.ts";

type Type = (typeof networkTypes)[number];

const most = 5;

/** Each type's own member, and the parts that member must have. */
const members: Readonly<Record<Exclude<Type, "DefaultNetwork">, readonly [string, readonly string[]]>> = {
  ClusterUserDefinedNetworks: ["clusterUserDefinedNetworkSelector", ["networkSelector"]],
  PrimaryUserDefinedNetworks: ["primaryUserDefinedNetworkSelector", ["namespaceSelector"]],
  SecondaryUserDefinedNetworks: [
    "secondaryUserDefinedNetworkSelector",
    ["namespaceSelector", "networkSelector"],
  ],
  NetworkAttachmentDefinitions: [
    "networkAttachmentDefinitionSelector",
    ["namespaceSelector", "networkSelector"],
  ],
};
const allMembers = Object.values(members).map(([member]) => member);

export function parseNetworkSelectors(field: string, value: unknown): readonly NetworkSelector[] {
  if (value === undefined || value === null) return [];
  const selectors = listOf(field, value, parseNetworkSelector);
  if (selectors.length === 0 || selectors.length > most) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}: ${selectors.length} entries are not valid: 1 to ${most}, or leave it out for every interface`,
    );
  }
  const twice = selectors.find(({ type }, at) => selectors.findIndex((other) => other.type === type) < at);
  if (twice !== undefined) throw invalidValue(field, twice.type, "each networkSelectionType once");
  return selectors;
}

function parseNetworkSelector(field: string, value: unknown): NetworkSelector {
  const entry = anObject(field, value);
  refuseUnknownKeys(entry, `${field}.`, ["networkSelectionType", ...allMembers]);
  const type = oneOf(networkTypes)(`${field}.networkSelectionType`, entry["networkSelectionType"] ?? null);
  const wanted = type === "DefaultNetwork" ? undefined : members[type];
  const stray = allMembers.find((member) => isPresent(entry, member) && member !== wanted?.[0]);
  if (stray !== undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}.${stray}: does not go with networkSelectionType ${type}, which takes ${wanted?.[0] ?? "no selector"}`,
    );
  }
  if (wanted === undefined || type === "DefaultNetwork") return { type: "DefaultNetwork" };
  const parts = parseParts(field, entry, wanted);
  if (type !== "NetworkAttachmentDefinitions") return { type };
  return {
    type,
    namespaceSelector: parts.get("namespaceSelector") ?? [],
    networkSelector: parts.get("networkSelector") ?? [],
  };
}

function parseParts(
  field: string,
  entry: JsonObject,
  [member, names]: readonly [string, readonly string[]],
): ReadonlyMap<string, Selector> {
  const memberField = `${field}.${member}`;
  const selector = anObject(memberField, entry[member] ?? null);
  refuseUnknownKeys(selector, `${memberField}.`, names);
  return new Map(
    names.map((name) => {
      const partField = `${memberField}.${name}`;
      const part = parseSelector(partField, anObject(partField, selector[name] ?? null));
      if (name === "networkSelector" && part.length === 0) {
        throw invalidValue(partField, selector[name], "a label selector that is not empty");
      }
      return [name, part];
    }),
  );
}
