/** Whether the node's uplink is what the conf says. */
import { isObject, type JsonObject } from "../../../cni/fields.ts";
import { overCommitted } from "../../../policy/uplink/checks.ts";
import { quantityText } from "../../../policy/uplink/words.ts";
import { wants } from "../../../report/status-checks.ts";
import { error, unseen, warning, type Check, type Finding } from "../check.ts";
import type { AskedUplink, Facts } from "../facts.ts";
import { ownProgram, quoted } from "../shell.ts";
import { statusFault } from "./status.ts";
import { fitted } from "./fitted.ts";
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
  // Guarantees can be lowered in proportion. What else is wrong with classes is for a person.
  const isMendable = isObject(uplink) && fault.message.startsWith(overCommitted);
  return error(
    statusFault(fault),
    withUplink(facts, isMendable ? fitted(uplink, String(uplink["rate"])) : undefined),
  );
}

function withUplink({ chain }: Facts, uplink: JsonObject | undefined): string | undefined {
  return uplink && rewritten(chain, (entry) => ({ ...entry, uplink }));
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
  return warning(
    `${overCommits(asked)}: ${asked.device} carries ${quantityText(asked.speed)}`,
    withUplink(facts, isObject(uplink) ? fitted(uplink, String(rate)) : undefined),
  );
}

function overCommits({ rate, classes, speed = 0 }: AskedUplink): string {
  const sum = classes.reduce((total, each) => total + each.rate, 0);
  return sum > speed
    ? `the classes are guaranteed ${quantityText(sum)} together, which the link cannot carry`
    : `uplink.rate is ${quantityText(rate)}, more than the link carries, so no class has priority`;
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
