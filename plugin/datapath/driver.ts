/** What every driver is given and what it returns. Pure. */
import type { Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import type { Matcher } from "../program/tc/objects.ts";
import type { Identity } from "./names.ts";

/** What this kernel can do, found out by trying. */
export type Features = {
  /** act_police; without it a policer is emulated by a shaper without a queue. */
  readonly police: boolean;
  readonly fqCodel: boolean;
  readonly matcher: Matcher;
};

export type HostEnd = { readonly name: string; readonly ifindex: number; readonly mtu: number };

/** How the attachment looks in the kernel, read once, before anything is planned. */
export type Facts = {
  readonly podLink: { readonly kind: string; readonly mode: string; readonly mtu: number };
  /** The pod's veth end in the node's namespace, if we may use it. */
  readonly hostEnd: HostEnd | undefined;
  /** Why not, in words, where there is none. */
  readonly hostEndRefusal: string;
  readonly ipv6: boolean;
  readonly features: Features;
};

/** An attachment with its requests and the facts about it: the whole input of planning. */
export type Task = {
  readonly identity: Identity;
  readonly policy: Policy;
  readonly facts: Facts;
  readonly limitsBy?: LimitsBy;
};

/** By what the pod's tree knows a packet that a rule limits; by its mark where the priority is its class's at the uplink. */
export type LimitsBy = "priority" | "mark";

export type Driver = (task: Task) => readonly Program[];
