/** Whether the node's uplink is what the conf says. */
import { isObject, type JsonObject } from "../../../cni/fields.ts";
import { parseBandwidth } from "../../../policy/cap/quantity.ts";
import { quantityText } from "../../../policy/uplink/words.ts";
import { wants } from "../../../report/status-checks.ts";
import { error, unseen, warning, type Check, type Finding } from "../check.ts";
import type { AskedUplink, Facts } from "../facts.ts";
import { ownProgram, quoted } from "../shell.ts";
import { statusFault } from "./status.ts";
import { rewritten } from "./rewritten.ts";

export const uplinkChecks: readonly Check[] = [
  { id: "uplink-classes", wants: wants.classes, find: ofClasses },
  { id: "uplink-link", wants: wants.uplink, find: ofLink },
  { id: "uplink-speed", wants: "the link is as fast as what its classes are guaranteed", find: ofSpeed },
  { id: "uplink-root", wants: "no qdisc of somebody else is at the uplink's root", find: ofRoot },
  { id: "uplink-drift", wants: "the uplink has what the records say", find: ofDrift },
];

function ofClasses(facts: Facts): Finding | undefined {
  const fault = facts.conf.faults["classes"];
  if (fault === undefined) return undefined;
  const { uplink } = facts.conf.entry ?? {};
  const rate = isObject(uplink) ? bitsPerSecond(uplink["rate"]) : Number.NaN;
  // Guarantees can be lowered in proportion. What else is wrong with classes is for a person.
  const fitting = isObject(uplink) && guaranteed(uplink) > rate ? scaled(uplink, rate) : undefined;
  return error(
    statusFault(fault),
    fitting && rewritten(facts.chain, (entry) => ({ ...entry, uplink: fitting })),
  );
}

/** What is wrong with the classes is reported there. */
function ofLink({ conf: { faults } }: Facts): Finding | undefined {
  const fault = faults["uplink"];
  return fault === undefined || faults["classes"] !== undefined ? undefined : error(statusFault(fault));
}

/** Just under the link, or the queue forms in the card, where nobody sorts it. */
const shareOfLink = 0.95;

function ofSpeed(facts: Facts): Finding | undefined {
  const { asked } = facts.uplink;
  if (asked?.speed === undefined || asked.rate <= asked.speed) return undefined;
  const { uplink } = facts.conf.entry ?? {};
  const rate = Math.floor(asked.speed * shareOfLink);
  const fitting = isObject(uplink) ? { ...scaled(uplink, rate), rate: String(rate) } : undefined;
  return warning(
    `${overCommits(asked)}: ${asked.device} carries ${quantityText(asked.speed)}`,
    fitting && rewritten(facts.chain, (entry) => ({ ...entry, uplink: fitting })),
  );
}

function overCommits({ rate, classes, speed = 0 }: AskedUplink): string {
  const sum = classes.reduce((total, each) => total + each.rate, 0);
  return sum > speed
    ? `the classes are guaranteed ${quantityText(sum)} together, which the link cannot carry`
    : `uplink.rate is ${quantityText(rate)}, more than the link carries, so no class has priority`;
}

/** Every class loses by the same factor; what may be borrowed ends at the link. */
function scaled(uplink: JsonObject, rate: number): JsonObject {
  const classes = isObject(uplink["classes"]) ? Object.entries(uplink["classes"]) : [];
  const factor = Math.min(1, rate / guaranteed(uplink));
  const lowered = classes.map(([name, each]) => {
    if (!isObject(each) || each["rate"] === undefined) return [name, each] as const;
    const own = Math.floor(bitsPerSecond(each["rate"]) * factor);
    const ceil =
      each["ceil"] === undefined ? {} : { ceil: String(Math.min(rate, bitsPerSecond(each["ceil"]))) };
    return [name, { ...each, rate: String(own), ...ceil }] as const;
  });
  return { ...uplink, classes: Object.fromEntries(lowered) };
}

/** Of all classes; one without a rate has what the others leave. */
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

function ofRoot({ uplink: { asked, drift }, chain, state }: Facts): Finding | undefined {
  if (asked?.fault !== undefined) return unseen(`${asked.device} could not be looked at: ${asked.fault}`);
  if (asked?.foreign === undefined) return undefined;
  return error(
    `${asked.device} has "${asked.foreign}", which is not ours: pods of this conf do not start. First stop whatever made it`,
    [
      `tc qdisc del dev ${quoted(asked.device)} root`,
      // What else of ours is there would wait for the next pod.
      ...drift.flatMap(({ device }) =>
        device === asked.device ? [uplinkCommand("remove", chain, state, device)] : [],
      ),
    ].join(" && "),
  );
}

function ofDrift({ uplink: { drift, asked }, chain, state }: Facts): Finding | undefined {
  const unlike = drift.filter(
    ({ device, faults }) => faults.length > 0 && !(device === asked?.device && asked.foreign !== undefined),
  );
  const [first] = unlike;
  if (first === undefined) return undefined;
  const more = first.faults.length === 1 ? "" : ` (and ${first.faults.length - 1} more)`;
  const remedy = first.isRestorable
    ? "The agent or this conf's next pod corrects it, and so does the command"
    : "The command takes it away, and the next pod whose conf has it makes it anew";
  return error(
    `${first.device}: ${first.faults[0]}${more}. ${remedy}`,
    // Each on its own: what is wrong with one device is no reason to leave the next.
    unlike
      .map(({ device, isRestorable }) =>
        uplinkCommand(isRestorable ? "restore" : "remove", chain, state, device),
      )
      .join("; "),
  );
}

function uplinkCommand(
  verb: "restore" | "remove",
  chain: Facts["chain"],
  state: Facts["state"],
  device: string,
): string {
  return `${ownProgram(chain)} uplink ${verb} ${quoted(device)} --state-dir ${quoted(state.directory)}`;
}
