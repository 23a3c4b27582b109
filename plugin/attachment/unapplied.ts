/** What is requested now and was not applied, in sentences: no fault of what the pod has. Pure. */
import { CniError } from "../errors.ts";
import { hasRequests } from "../policy/policy.ts";
import type { Note } from "../program/handler.ts";
import { describe, type Program } from "../program/program.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import type { Decision } from "./decide.ts";
import { limitsOf } from "./recording.ts";

/** The present decision, by conf, requests and API, or why there is none. */
export type Now = Decision | CniError;

/** What is requested now in place of what the pod has. */
export function unapplied(
  now: Now,
  record: AttachmentRecord,
  wanted: readonly Program[] = [],
): readonly Note[] {
  if (now instanceof CniError) return [note(`what is requested now is invalid: ${now.message}`)];
  if (isBare(record)) {
    return hasRequests(now) ? [note(`nothing was requested when it was added; now ${figures(now)}`)] : [];
  }
  if (!hasRequests(now)) return [note("it has limits that nothing requests any more")];
  if (!hasSameLimits(now, record)) {
    return [note(`it has ${JSON.stringify(record.limits)}; now ${figures(now)}`)];
  }
  const has = new Set(describe(record.programs));
  const asked = describe(wanted);
  const names = [
    ...asked.filter((name) => !has.has(name)),
    ...[...has].filter((name) => !asked.includes(name)),
  ];
  return [note(`other kernel objects are requested now${names.length === 0 ? "" : `: ${names.join(", ")}`}`)];
}

/** The class that is requested now, where it is not the one that the pod is in. */
export function moved(now: Now, { membership }: AttachmentRecord): readonly Note[] {
  const chosen = now instanceof CniError ? undefined : now.uplink;
  if (now instanceof CniError || (membership === undefined && chosen === undefined)) return [];
  const has = membership === undefined ? "no class" : `class ${membership.class} of ${membership.device}`;
  const asked = chosen === undefined ? "no class" : `class ${chosen.chosen.name} of ${chosen.uplink.device}`;
  return has === asked ? [] : [note(`it is in ${has}; now ${asked} is requested`)];
}

/** true also of a record of 0.1.0, which has none. */
export function hasSameLimits(now: Decision, { limits }: AttachmentRecord): boolean {
  return limits === undefined || JSON.stringify(limits) === JSON.stringify(limitsOf(now));
}

function figures(now: Decision): string {
  return `${JSON.stringify(limitsOf(now))} is requested (bit/s, DSCP, number of rules)`;
}

function note(text: string): Note {
  const how =
    "ADD it again, or let the node's agent apply it (of two entries of pod-qos in one conflist the later replaces the former)";
  return { level: "warn", text: `${text}: ${how}` };
}
