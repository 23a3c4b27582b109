/**
 * What we did for one attachment, so that DEL and GC can undo it with nothing else to go by. Pure.
 * Written before the kernel is touched; the programs in it are the plan, whether or not all of it came to be.
 */
import { isObject } from "../cni/fields.ts";
import type { Facts } from "../datapath/driver.ts";
import type { Identity } from "../datapath/names.ts";
import type { Program } from "../program/program.ts";
import type { Member } from "../program/uplink/objects.ts";

export type AttachmentRecord = {
  readonly version: 1;
  readonly identity: Identity;
  readonly netns: string;
  /** Which namespace that was: the path may lead to another by now. */
  readonly netnsId: string;
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
  /** The class of the node's uplink that its traffic is in, where the conf has one. */
  readonly membership?: Membership;
};

export type Membership = {
  readonly device: string;
  readonly class: string;
  /** Its addresses in the class's sets; none for the default class. */
  readonly members: readonly Member[];
};

export function isFromAnotherVersion(value: unknown): boolean {
  return isObject(value) && typeof value["version"] === "number" && value["version"] !== 1;
}

/**
 * undefined for anything this version did not write. Only the outer shape is looked at: the file is ours, mode 0600, and
 * whole or not there.
 */
export function asRecord(value: unknown): AttachmentRecord | undefined {
  const whole =
    isObject(value) &&
    value["version"] === 1 &&
    isObject(value["identity"]) &&
    Array.isArray(value["programs"]);
  return whole ? (value as AttachmentRecord) : undefined;
}
