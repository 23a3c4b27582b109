/**
 * What we did for one attachment, so that DEL and GC can undo it with nothing else to go by. Pure.
 * Written before the kernel is touched; the programs in it are the plan, whether or not all of it came to be.
 */
import { isObject, type JsonObject } from "../cni/fields.ts";
import type { Interface } from "../cni/prev-result.ts";
import type { Facts } from "../datapath/driver.ts";
import type { Identity } from "../datapath/names.ts";
import type { Program } from "../program/program.ts";
import { hasTexts } from "../program/whole.ts";
import { handlers, type Tool } from "../program/tools.ts";
import type { Member } from "../program/ipset/members.ts";

export type AttachmentRecord = {
  readonly version: 1;
  readonly identity: Identity;
  readonly netns: string;
  /** Which namespace that was: the path may lead to another by now. */
  readonly netnsId: string;
  /** From where `netns` led there: whoever sees another directory by that path can tell nothing of the pod. An older build did not say. */
  readonly view?: { readonly bootId: string; readonly place: string };
  /** For people: "prod/web-1" where the runtime said so. */
  readonly pod: string;
  /** undefined until the pod's link has been looked at: marks need not wait for that. */
  readonly facts: Facts | undefined;
  readonly programs: readonly Program[];
  /** For people, bit/s: what was asked for, of which the programs are the consequence. */
  readonly limits?: {
    readonly egress?: number;
    readonly ingress?: number;
    /** Of whatever no rule decides. */
    readonly dscp?: number;
    readonly rules: number;
  };
  /** For people: the fields that these come from, and what a ceiling cut. An older build did not write them down. */
  readonly sources?: {
    readonly egress?: LimitSource;
    readonly ingress?: LimitSource;
    readonly dscp?: string;
    readonly class?: string;
  };
  /** The class of the node's uplink that its traffic is in, where the conf has one. */
  readonly membership?: Membership;
  /** The build that planned it. An older one did not say. */
  readonly build?: string;
  /** An older build did not write it down. */
  readonly asked?: Asked;
  /** A change of it has begun: it lists what was and what shall be, and the kernel may have some of either. */
  readonly unfinished?: true;
  /** Whose word its labels were: the node's agent's, or what an agent left that is not at work. Else the runtime's, or unknown. */
  readonly labelsFrom?: "agent" | "stale";
  /** What is missing because the agent did not say anything of the pod in time, and why. The agent takes it out. */
  readonly pending?: string;
};

/** `cutFrom`: what was asked for, by whom. */
export type LimitSource = {
  readonly source: string;
  readonly cutFrom?: { readonly rate: number; readonly source: string };
};

/** What ADD was asked, so that the same can be asked again. */
export type Asked = {
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  /** Of prevResult. */
  readonly interfaces?: readonly Interface[];
  /** The attachment's own. */
  readonly addresses?: readonly string[];
  /** By the keys of runtimeConfig; of a pod's annotations those that may say something of its traffic. */
  readonly runtimeConfig?: JsonObject;
  /** The entry of the conflist. */
  readonly conf?: JsonObject;
  /** What was asked as well and is too long to be kept. */
  readonly leftOut?: readonly string[];
};

export type Membership = {
  readonly device: string;
  readonly class: string;
  /** All it has; an older build did not write them down. */
  readonly addresses?: readonly string[];
  /** Its addresses in the class's sets; none for the default class. */
  readonly members: readonly Member[];
  /** It is being deleted: nobody is to put its members back. */
  readonly leaving?: true;
};

/** Of a pod that asked for nothing, or asks for nothing any more: it has no limit, mark or class. */
export function isBare({ programs, membership }: AttachmentRecord): boolean {
  return programs.length === 0 && membership === undefined;
}

export function isFromAnotherVersion(value: unknown): boolean {
  return isObject(value) && typeof value["version"] === "number" && value["version"] !== 1;
}

/**
 * undefined for anything this version did not write. The file is ours, mode 0600, and whole or not there; but a disk or an editor
 * may have been at it, and what cannot be undone by it must not end as a bug of ours: DEL then goes by the identity alone.
 */
export function asRecord(value: unknown): AttachmentRecord | undefined {
  const whole =
    isObject(value) &&
    value["version"] === 1 &&
    hasTexts(value["identity"], ["network", "containerId", "ifname"]) &&
    hasTexts(value, ["netns", "netnsId", "pod"]) &&
    isListOf(value["programs"], isProgram) &&
    (value["view"] === undefined || hasTexts(value["view"], ["bootId", "place"])) &&
    (value["facts"] === undefined || hasObjects(value["facts"], ["podLink", "features"])) &&
    (value["membership"] === undefined || isMembership(value["membership"]));
  return whole ? (value as AttachmentRecord) : undefined;
}

function isProgram(value: unknown): boolean {
  if (!isObject(value) || !["pod", "node"].includes(String(value["place"]))) return false;
  const { tool, objects } = value;
  return isTool(tool) && isListOf(objects, handlers[tool].isWhole);
}

function isTool(value: unknown): value is Tool {
  return typeof value === "string" && Object.hasOwn(handlers, value);
}

function isMembership(value: unknown): boolean {
  return isObject(value) && isListOf(value["members"], (member) => hasTexts(member, ["set", "address"]));
}

function isListOf(value: unknown, isOne: (entry: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function hasObjects(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => isObject(value[key]));
}
