/** Traffic control objects as data. Pure. Rates are bytes per second and sizes bytes, the units the kernel stores. */

export type Hook = "ingress" | "egress";

/** cls_u32 with an empty match where the kernel has no cls_matchall: both take every packet. */
export type Matcher = "matchall" | "u32";

export type HtbQdisc = {
  readonly kind: "htb";
  readonly dev: string;
  readonly handle: string;
  /** Minor number, hexadecimal, of the class for all that nothing classified. */
  readonly defaultClass: string;
  /**
   * HTB sends past all classes whatever carries its own handle as priority, which any process may set on a socket: with no
   * room in the queue for that, such packets are dropped.
   */
  readonly directPackets: number;
  /** As read back: what none of ours does. */
  readonly deviations?: readonly string[];
};

export type HtbClass = {
  readonly kind: "htb-class";
  readonly dev: string;
  readonly parent: string;
  readonly classid: string;
  readonly rate: number;
  readonly ceil: number;
  readonly burst: number;
  readonly cburst: number;
  /** undefined as read back of a class that has children: it sends nothing itself. */
  readonly quantum: number | undefined;
  /** Who may borrow first; the kernel's own is 0, which is not told back. */
  readonly priority?: number;
  /** As read back: what no class of ours does. */
  readonly deviations?: readonly string[];
};

export type Leaf =
  | {
      readonly kind: "fq_codel";
      readonly limitPackets: number;
      readonly targetMicros: number;
      readonly intervalMicros: number;
      readonly quantum: number;
    }
  | { readonly kind: "bfifo"; readonly limitBytes: number }
  | { readonly kind: "pfifo"; readonly limitPackets: number }
  | {
      readonly kind: "tbf";
      readonly rate: number;
      readonly burst: number;
      readonly limitBytes: number;
    };

export type LeafQdisc = {
  readonly kind: "leaf";
  readonly dev: string;
  readonly parent: string;
  readonly handle: string;
  readonly queue: Leaf;
  /** As read back: what none of ours does. */
  readonly deviations?: readonly string[];
};

/** Sorts packets by DSCP into a class of the root qdisc: those that nothing has given a priority. */
export type DscpFilter = {
  readonly kind: "dscp";
  readonly dev: string;
  readonly parent: string;
  readonly pref: number;
  readonly protocol: "ip" | "ipv6";
  /** Of packets with a VLAN tag (802.1Q), which no filter for their protocol is asked about. */
  readonly tagged?: true;
  readonly dscp: number;
  readonly classid: string;
};

/**
 * Sends each packet to the class that its mark names, if there is one: in an htb that leaves a packet's priority to whoever
 * sorts by it further on.
 */
export type MarkFilter = {
  readonly kind: "mark";
  readonly dev: string;
  readonly parent: string;
  readonly pref: number;
};

/** Holds filters at a device's ingress and egress; shared with whoever else filters there. */
export type Clsact = { readonly kind: "clsact"; readonly dev: string };

export type Policer = {
  readonly kind: "police";
  readonly dev: string;
  readonly hook: Hook;
  readonly pref: number;
  readonly matcher: Matcher;
  readonly rate: number;
  readonly burst: number;
  /** It stands behind a shaper in the pod, which holds the cap. As read back nobody knows. */
  readonly isGuard?: true;
};

export type Redirect = {
  readonly kind: "redirect";
  readonly dev: string;
  readonly hook: Hook;
  readonly pref: number;
  readonly matcher: Matcher;
  readonly to: string;
};

export type TcFilter = Policer | Redirect;

/** A filter as it was read back, with what about it is not as we make them, in words: it misses packets, or spares them. */
export type ObservedFilter = TcFilter & {
  readonly deviations?: readonly string[];
  /** By its classifier, protocol or keys, which nobody can change in place: it was never one of ours. */
  readonly isForeign?: true;
};
export type TcObject = HtbQdisc | HtbClass | LeafQdisc | DscpFilter | MarkFilter | Clsact | TcFilter;

/**
 * act_police compares each packet with its mtu and drops what is longer. Far above any packet, also MTU 65535 plus its
 * Ethernet header, or kernels that compare a whole GSO packet (before 5.18 or so) would drop all bulk traffic.
 */
export const policeMtu = 1_048_576;
/** What exceeds is dropped, what conforms goes on to whatever else filters there. */
export const policeVerdict = "drop/continue";

/** What an operator calls the object: the words that find it in `tc` output. */
export function describeTc(object: TcObject): string {
  switch (object.kind) {
    case "htb":
      return `root qdisc htb ${object.handle} on ${object.dev}`;
    case "htb-class":
      return `htb class ${object.classid} on ${object.dev}`;
    case "leaf":
      return `leaf qdisc ${object.queue.kind} ${object.handle} on ${object.dev}`;
    case "dscp":
      return `filter pref ${object.pref} (dscp ${object.dscp}${object.tagged ? " in VLANs" : ""} to ${object.classid}) on ${object.dev}`;
    case "mark":
      return `filter by mark pref ${object.pref} of qdisc ${object.parent} on ${object.dev}`;
    case "clsact":
      return `clsact qdisc on ${object.dev}`;
    case "police":
      return `police filter pref ${object.pref} at ${object.hook} of ${object.dev}`;
    case "redirect":
      return `redirect filter pref ${object.pref} at ${object.hook} of ${object.dev} to ${object.to}`;
  }
}

/** What makes an object the one that was meant: the name the kernel knows it by. */
export function keyOf(object: TcObject): string {
  switch (object.kind) {
    case "htb":
      return `root ${object.handle}`;
    case "htb-class":
      return `class ${object.classid}`;
    case "leaf":
      return `leaf ${object.handle}`;
    case "dscp":
      return `dscp ${object.pref} ${object.protocol} ${object.tagged ? "tagged " : ""}${object.dscp} ${object.classid}`;
    case "mark":
      return `mark filter ${object.parent} ${object.pref}`;
    case "clsact":
      return "clsact";
    case "police":
    case "redirect":
      return `${object.hook} ${object.kind} ${object.pref}`;
  }
}

/** A root qdisc, its classes, leaves and filters stand and fall together: the kernel deletes them with the root. */
export function isInTree({ kind }: TcObject): boolean {
  return kind === "htb" || kind === "htb-class" || kind === "leaf" || kind === "dscp" || kind === "mark";
}
