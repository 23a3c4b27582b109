/** A conf's uplink with its guarantees lowered to what a rate holds. Pure. */
import { isObject, type JsonObject } from "../../../cni/fields.ts";
import { parseUplink } from "../../../cni/uplink.ts";
import { parseBandwidth } from "../../../policy/cap/quantity.ts";
import { leastOfDefault, validateUplink } from "../../../policy/uplink/uplink.ts";

/** undefined where ADD would refuse that too. */
export function fitted(uplink: JsonObject, rate: string): JsonObject | undefined {
  const lowered = { ...scaled(uplink, bitsPerSecond(rate)), rate };
  try {
    validateUplink(parseUplink("uplink", lowered));
    return lowered;
  } catch {
    return undefined;
  }
}

/** Every class loses by the same factor; what may be borrowed ends at the link. */
function scaled(uplink: JsonObject, rate: number): JsonObject {
  const classes = isObject(uplink["classes"]) ? Object.entries(uplink["classes"]) : [];
  const factor = Math.min(1, (rate - leastOfRest(uplink)) / guaranteed(uplink));
  const lowered = classes.map(([name, each]) => {
    if (!isObject(each) || each["rate"] === undefined) return [name, each] as const;
    const own = Math.floor(bitsPerSecond(each["rate"]) * factor);
    const ceil =
      each["ceil"] === undefined ? {} : { ceil: String(Math.min(rate, bitsPerSecond(each["ceil"]))) };
    return [name, { ...each, rate: String(own), ...ceil }] as const;
  });
  return { ...uplink, classes: Object.fromEntries(lowered) };
}

/** The default class without a rate has what the others leave, and something at least. */
function leastOfRest({ default: name, classes }: JsonObject): number {
  const rest = isObject(classes) ? classes[String(name)] : undefined;
  return isObject(rest) && rest["rate"] === undefined ? leastOfDefault : 0;
}

/** Of all classes that say a rate. */
function guaranteed({ classes }: JsonObject): number {
  const all = isObject(classes) ? Object.values(classes) : [];
  return all.reduce<number>(
    (sum, each) => sum + (isObject(each) && each["rate"] !== undefined ? bitsPerSecond(each["rate"]) : 0),
    0,
  );
}

/** What is no amount was refused before. */
function bitsPerSecond(amount: unknown): number {
  try {
    return parseBandwidth("", amount);
  } catch {
    return Number.NaN;
  }
}
