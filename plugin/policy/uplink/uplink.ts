/**
 * The uplink's classes as numbers, with ids, names and defaults settled, or what about them cannot be. Pure. Rates are
 * bit/s, buckets bits, as everywhere left of datapath/.
 */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { aSetName, type ClassConf, type UplinkConf } from "../../cni/uplink.ts";
import { parseDscp } from "../rule/dscp.ts";
import { parseBandwidth, parseBurst } from "../cap/quantity.ts";
import { assertDistinct, assertGuaranteesFit } from "./checks.ts";
import type { UplinkClass } from "./class.ts";
import { parseFirewallMark } from "./mark.ts";
import { quantityText } from "./words.ts";
import { parseSelector } from "../label/parse-selector.ts";
import type { Selector } from "../label/selector.ts";

export type Uplink = {
  readonly device: string;
  readonly rate: number;
  /** The default class first, the others in the order of the conf. */
  readonly classes: readonly UplinkClass[];
};

/** What the node says where the conf says "auto". */
export type LinkFacts = {
  readonly device: string;
  /** bit/s; undefined where the kernel does not know, or makes it up, as of a veth or a bridge. */
  readonly speed: number | undefined;
};

export function decideUplink(conf: UplinkConf, link: LinkFacts): Uplink {
  const rate = linkRate(conf, link);
  const [first, ...rest] = inOrder(conf);
  const others = rest.map((entry, at) => decideClass(entry, at + 1, rate));
  const classes = [decideClass(withRest(first, others, rate), 0, rate), ...others];
  assertGuaranteesFit(classes, rate);
  assertDistinct(classes);
  return { device: link.device, rate, classes };
}

/** What can be said with no look at the node: STATUS does, before the first pod finds out. */
export function validateUplink(conf: UplinkConf): Uplink {
  const unknown = isAuto(conf.rate) ? highestBandwidth : undefined;
  return decideUplink(conf, { device: conf.device, speed: unknown });
}

const highestBandwidth = 1e15;

export function isAuto(rate: unknown): boolean {
  return rate === "auto" || rate === undefined;
}

/** Just under the link, or the queue forms in the card, where nobody sorts it. */
const shareOfLink = 0.95;

function linkRate({ rate }: UplinkConf, { device, speed }: LinkFacts): number {
  if (!isAuto(rate)) return parseBandwidth("uplink.rate", rate);
  if (speed !== undefined) return Math.floor(speed * shareOfLink);
  throw new CniError(
    ErrorCode.invalidConfig,
    `uplink.rate: "auto" does not work for ${device}, of which the kernel knows no speed: ` +
      `write the rate, 95 % of what the link really carries, for example "950M"`,
  );
}

function inOrder({ classes, defaultClass }: UplinkConf): readonly [ClassConf, ...ClassConf[]] {
  const first = classes.find(({ name }) => name === defaultClass);
  if (first !== undefined) return [first, ...classes.filter((entry) => entry !== first)];
  const names = classes.map(({ name }) => name).join(", ") || "none";
  throw new CniError(
    ErrorCode.invalidConfig,
    `uplink.default: there is no class ${JSON.stringify(defaultClass)} in uplink.classes (there: ${names})`,
  );
}

/** The default class without a rate is guaranteed what the others leave. Where they leave nothing, the sum is too much, and that is said. */
function withRest(entry: ClassConf, others: readonly UplinkClass[], link: number): ClassConf {
  if (entry.rate !== undefined) return entry;
  const left = others.reduce((rest, { rate }) => rest - rate, link);
  return { ...entry, rate: String(Math.max(left, leastOfDefault)) };
}

/** What it has at least, in bit/s: no class can have less. */
export const leastOfDefault = 1_000;

/** tc reads "100" as hexadecimal too, so decimal digits stay distinct as far as four of them go. */
const mostClasses = 999;

function decideClass(entry: ClassConf, at: number, link: number): UplinkClass {
  const field = `uplink.classes.${entry.name}`;
  if (at >= mostClasses) throw invalidValue(field, entry.name, `at most ${mostClasses} classes`);
  const isDefault = at === 0;
  const rate = parseBandwidth(`${field}.rate`, entry.rate ?? null);
  const ceil = entry.ceil === undefined ? link : parseBandwidth(`${field}.ceil`, entry.ceil);
  if (ceil < rate || ceil > link) {
    throw invalidValue(
      `${field}.ceil`,
      entry.ceil ?? ceil,
      `between the class's own rate (${quantityText(rate)}) and the link's (${quantityText(link)})`,
    );
  }
  if (isDefault) refuseOnDefault(entry, field);
  const dscp = entry.dscp === undefined ? undefined : parseDscp(`${field}.dscp`, entry.dscp);
  // What a class sorts by is taken for its own also where the node itself sent it.
  if (dscp === 0 && !isDefault) {
    throw invalidValue(
      `${field}.dscp`,
      entry.dscp,
      "1 to 63 for a class other than the default: 0 is what all traffic has that nobody marked, the node's own too",
    );
  }
  return {
    name: entry.name,
    minor: String((at + 1) * 10),
    rate,
    ceil,
    priority: entry.priority ?? 0,
    burst: bucket(`${field}.burst`, entry.burst),
    cburst: bucket(`${field}.cburst`, entry.cburst),
    quantum: entry.quantum === undefined ? undefined : quantum(`${field}.quantum`, entry.quantum),
    set: isDefault ? undefined : aSetName(`${field}.set`, entry.set ?? `pod-qos-${entry.name}`),
    mark: entry.mark === undefined ? undefined : parseFirewallMark(`${field}.mark`, entry.mark),
    dscp,
    selector: selector(`${field}.podSelector`, entry.podSelector),
    namespaceSelector: selector(`${field}.namespaceSelector`, entry.namespaceSelector),
  };
}

function selector(field: string, value: unknown): Selector | undefined {
  return value === undefined ? undefined : parseSelector(field, value);
}

function bucket(field: string, amount: unknown): number | undefined {
  return amount === undefined ? undefined : parseBurst(field, amount);
}

/** What HTB itself keeps a quantum between; below a packet a class would lose its turns. */
const [smallestQuantum, largestQuantum] = [1_500, 200_000];

function quantum(field: string, bytes: number): number {
  if (bytes >= smallestQuantum && bytes <= largestQuantum) return bytes;
  throw invalidValue(field, bytes, `bytes, from ${smallestQuantum} to ${largestQuantum}`);
}

function refuseOnDefault(entry: ClassConf, field: string): void {
  for (const key of ["set", "mark"] as const) {
    if (entry[key] === undefined) continue;
    throw invalidValue(
      `${field}.${key}`,
      entry[key],
      "not for the default class, which takes all traffic that no other class takes",
    );
  }
}
