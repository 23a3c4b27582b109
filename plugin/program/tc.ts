/**
 * Traffic control objects as data, and the `tc -batch` text that adds, removes and lists them. Pure; tc-parse.ts reads
 * them back. Rates are bytes per second and sizes bytes, the units the kernel stores.
 */
import type { Batch } from "./program.ts";

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
  readonly quantum: number;
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
  | { readonly kind: "tbf"; readonly rate: number; readonly burst: number };

export type LeafQdisc = {
  readonly kind: "leaf";
  readonly dev: string;
  readonly parent: string;
  readonly handle: string;
  readonly queue: Leaf;
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
export type ObservedFilter = TcFilter & { readonly oddities?: readonly string[] };
export type TcObject = HtbQdisc | HtbClass | LeafQdisc | Clsact | TcFilter;

/**
 * act_police compares each packet with its mtu and drops what is longer. Far above any packet, also MTU 65535 plus its
 * Ethernet header, or kernels that compare a whole GSO packet (before 5.18 or so) would drop all bulk traffic.
 */
export const policeMtu = 1_048_576;
/** What exceeds is dropped, what conforms goes on to whatever else filters there. */
export const policeVerdict = "drop/continue";

export function addTc(objects: readonly TcObject[]): Batch {
  return { argv: ["tc", "-batch", "-"], input: lines(objects.map(addLine)) };
}

/**
 * Runs on after a line that fails: what is already gone is what removal wants. Says nothing but which filters are left in
 * the clsacts we made: others may have put theirs there since, and those would go with it.
 */
export function removeTc(objects: readonly TcObject[]): Batch {
  const left = holdersOf(objects).flatMap((dev) => [
    `filter show dev ${dev} ingress`,
    `filter show dev ${dev} egress`,
  ]);
  return { argv: ["tc", "-force", "-batch", "-"], input: lines([...removalLines(objects), ...left]) };
}

/** The clsacts themselves, once they are empty. */
export function removeHolders(objects: readonly TcObject[]): Batch | undefined {
  const holders = holdersOf(objects);
  if (holders.length === 0) return undefined;
  return {
    argv: ["tc", "-force", "-batch", "-"],
    input: lines(holders.map((dev) => `qdisc del dev ${dev} clsact`)),
  };
}

/**
 * Everything of one device, as text: iproute2 up to 6.1 prints classes as text even with -j, and no version says a
 * policer's rate in JSON. Filter lines do not tell their hook, so the qdisc lines, of which every device has one, stand
 * between ingress and egress.
 */
export function listTc(dev: string): Batch {
  const queries = [
    `filter show dev ${dev} ingress`,
    `qdisc show dev ${dev}`,
    `filter show dev ${dev} egress`,
    `class show dev ${dev}`,
  ];
  return { argv: ["tc", "-d", "-force", "-batch", "-"], input: lines(queries) };
}

/** What an operator calls the object: the words that find it in `tc` output. */
export function describeTc(object: TcObject): string {
  switch (object.kind) {
    case "htb":
      return `root qdisc htb ${object.handle} on ${object.dev}`;
    case "htb-class":
      return `htb class ${object.classid} on ${object.dev}`;
    case "leaf":
      return `leaf qdisc ${object.queue.kind} ${object.handle} on ${object.dev}`;
    case "clsact":
      return `clsact qdisc on ${object.dev}`;
    case "police":
      return `police filter pref ${object.pref} at ${object.hook} of ${object.dev}`;
    case "redirect":
      return `redirect filter pref ${object.pref} at ${object.hook} of ${object.dev} to ${object.to}`;
  }
}

function addLine(object: TcObject): string {
  switch (object.kind) {
    case "htb":
      return `qdisc add dev ${object.dev} root handle ${object.handle} htb default 0x${object.defaultClass} direct_qlen ${object.directPackets}`;
    case "htb-class":
      return (
        `class add dev ${object.dev} parent ${object.parent} classid ${object.classid} htb ` +
        `rate ${object.rate}bps ceil ${object.ceil}bps ` +
        `burst ${object.burst} cburst ${object.cburst} quantum ${object.quantum}`
      );
    case "leaf":
      return `qdisc add dev ${object.dev} parent ${object.parent} handle ${object.handle} ${leafWords(object.queue)}`;
    case "clsact":
      return `qdisc add dev ${object.dev} clsact`;
    case "police":
      return (
        `${filterWords(object)} ` +
        `action police rate ${object.rate}bps burst ${object.burst} mtu ${policeMtu} conform-exceed ${policeVerdict}`
      );
    case "redirect":
      return `${filterWords(object)} action mirred egress redirect dev ${object.to}`;
  }
}

function leafWords(queue: Leaf): string {
  switch (queue.kind) {
    case "fq_codel":
      return (
        `fq_codel limit ${queue.limitPackets} target ${queue.targetMicros}us ` +
        `interval ${queue.intervalMicros}us quantum ${queue.quantum}`
      );
    case "bfifo":
      return `bfifo limit ${queue.limitBytes}`;
    case "pfifo":
      return `pfifo limit ${queue.limitPackets}`;
    case "tbf":
      return `tbf rate ${queue.rate}bps burst ${queue.burst} limit ${16 * queue.burst}`;
  }
}

function filterWords(filter: TcFilter): string {
  const match = filter.matcher === "u32" ? "u32 match u32 0 0" : "matchall";
  return `filter add dev ${filter.dev} ${filter.hook} protocol all pref ${filter.pref} ${match}`;
}

/** A root qdisc takes its classes and leaves along; by handle, so that a foreign one in its place stays. */
function removalLines(objects: readonly TcObject[]): readonly string[] {
  return objects.toReversed().flatMap((object) => {
    switch (object.kind) {
      case "htb":
        return [`qdisc del dev ${object.dev} root handle ${object.handle}`];
      case "police":
      case "redirect":
        // No protocol: one that was changed must go as well.
        return [`filter del dev ${object.dev} ${object.hook} pref ${object.pref}`];
      case "htb-class":
      case "leaf":
      case "clsact":
        return [];
    }
  });
}

function holdersOf(objects: readonly TcObject[]): readonly string[] {
  return objects.filter(({ kind }) => kind === "clsact").map(({ dev }) => dev);
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
