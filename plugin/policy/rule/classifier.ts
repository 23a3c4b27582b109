/** The `classifier` of a rule: which packets it is about. Pure. */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { anObject, isPresent, refuseUnknownKeys, type JsonObject } from "../../cni/fields.ts";
import { covers, netOf, parseBlockOrAddress, parseCidr } from "../address/cidr.ts";
import { parseSelector } from "../label/selector.ts";
import { listOf } from "../text/list.ts";
import {
  protocols,
  type Block,
  type Cidr,
  type PodPeer,
  type Protocol,
  type Rule,
  type Service,
} from "./rule.ts";

export type Classifier = Pick<Rule, "to" | "toPods" | "from" | "services">;

/** Absent, null and empty lists are no condition. */
export function parseClassifier(field: string, value: unknown): Classifier {
  const classifier = value === undefined || value === null ? {} : anObject(field, value);
  refuseUnknownKeys(classifier, `${field}.`, ["to", "from", "ports"]);
  const to = listOf(`${field}.to`, classifier["to"], destination);
  const peers = to.filter((entry) => "podSelector" in entry);
  return {
    to: to.filter((entry) => "cidr" in entry),
    ...(peers.length > 0 && { toPods: { peers, addresses: [] } }),
    from: listOf(`${field}.from`, classifier["from"], source),
    services: withoutRepeats(listOf(`${field}.ports`, classifier["ports"], services).flat()),
  };
}

/** An entry of `to`. What is null is absent, here as everywhere. */
function destination(field: string, value: unknown): Block | PodPeer {
  const entry = anObject(field, value);
  refuseUnknownKeys(entry, `${field}.`, ["ipBlock", ...selectors]);
  const given = selectors.filter((key) => isPresent(entry, key));
  if (given.length === 0)
    return blockOf(field, entry, "an object with ipBlock, podSelector or namespaceSelector");
  if (isPresent(entry, "ipBlock"))
    throw invalidValue(field, value, `ipBlock or ${given.join(" and ")}: make two entries of it`);
  const [podSelector, namespaceSelector] = selectors.map((key) =>
    isPresent(entry, key) ? parseSelector(`${field}.${key}`, entry[key]) : undefined,
  );
  return { podSelector: podSelector ?? [], namespaceSelector };
}

const selectors = ["podSelector", "namespaceSelector"] as const;

/** An entry of `from`. */
function source(field: string, value: unknown): Block {
  const entry = anObject(field, value);
  const selector = selectors.find((key) => isPresent(entry, key));
  if (selector !== undefined)
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}.${selector}: packets of a pod come from its own addresses or from those that it forwards for: name them with ipBlock`,
    );
  refuseUnknownKeys(entry, `${field}.`, ["ipBlock", ...selectors]);
  return blockOf(field, entry, "an object with ipBlock");
}

function blockOf(field: string, entry: JsonObject, allowed: string): Block {
  if (!isPresent(entry, "ipBlock")) throw invalidValue(field, entry, allowed);
  return ipBlock(`${field}.ipBlock`, entry["ipBlock"]);
}

function ipBlock(field: string, value: unknown): Block {
  const block = anObject(field, value);
  refuseUnknownKeys(block, `${field}.`, ["cidr", "except"]);
  if (!isPresent(block, "cidr")) throw invalidValue(field, value, "an object with cidr");
  const cidr = parseCidr(`${field}.cidr`, block["cidr"]);
  const outer = netOf(cidr);
  const except = listOf(`${field}.except`, block["except"], (entryField, entry): Cidr => {
    const inner = parseBlockOrAddress(entryField, entry);
    if (inner.prefix > cidr.prefix && covers(outer, netOf(inner))) return inner;
    throw invalidValue(
      entryField,
      entry,
      `an address or a CIDR inside ${field}.cidr ${String(block["cidr"])} and smaller than it`,
    );
  });
  return { cidr, except };
}

/** A port of no protocol is that port of each: upstream takes it for no condition at all. */
function services(field: string, value: unknown): readonly Service[] {
  const entry = anObject(field, value);
  refuseUnknownKeys(entry, `${field}.`, ["protocol", "port"]);
  const port = isPresent(entry, "port") ? portNumber(`${field}.port`, entry["port"]) : undefined;
  if (isPresent(entry, "protocol"))
    return [{ protocol: protocol(`${field}.protocol`, entry["protocol"]), port }];
  if (port === undefined) throw invalidValue(field, value, "an object with protocol, port or both");
  return protocols.map((each) => ({ protocol: each, port }));
}

function protocol(field: string, value: unknown): Protocol {
  const found = protocols.find((known) => known === value);
  if (found === undefined) throw invalidValue(field, value, `one of ${protocols.join(", ")}`);
  return found;
}

function portNumber(field: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 65_535) {
    throw invalidValue(field, value, "a whole number from 1 to 65535");
  }
  return value;
}

/** The entries are ORed, so a port of a protocol that is there whole says nothing, nor does one said twice. */
function withoutRepeats(all: readonly Service[]): readonly Service[] {
  return all.filter(
    ({ protocol: own, port }, at) =>
      !all.some(
        (other, otherAt) =>
          other.protocol === own &&
          ((other.port === undefined && port !== undefined) || (other.port === port && otherAt < at)),
      ),
  );
}
