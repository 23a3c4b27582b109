/** The `tc -batch` text that adds, removes and lists objects. Pure; parse.ts reads them back. */
import { batchText, type Batch } from "../handler.ts";
import { dscpWords, filterRemoval } from "./dscp-filter.ts";
import { markWords } from "./mark-filter.ts";
import { policeMtu, policeVerdict, type Leaf, type TcFilter, type TcObject } from "./objects.ts";

export function addTc(objects: readonly TcObject[]): Batch {
  return {
    argv: ["tc", "-batch", "-"],
    input: batchText(objects.map((object) => objectLine(object, "add"))),
  };
}

/** In one go, in which a packet has hardly time to find what was removed missing: first that, then the rest in its order. */
export function changeTc(remove: readonly TcObject[], make: readonly TcChange[]): Batch {
  const lines = make.map(({ verb, object }) => objectLine(object, verb));
  return { argv: ["tc", "-batch", "-"], input: batchText([...removalLines(remove, "any"), ...lines]) };
}

/** Classes and queues take other values as they stand, with all packets in them. */
export type TcChange = { readonly verb: "add" | "replace"; readonly object: TcObject };

/**
 * Runs on after a line that fails: what is already gone is what removal wants. Says nothing but which filters are left in
 * the clsacts we made: others may have put theirs there since, and those would go with it. `classifier`: "any" where a look has
 * found that the filter is ours, whatever was made then.
 */
export function removeTc(objects: readonly TcObject[], classifier: Classifier = "as made"): Batch {
  const left = holdersOf(objects).flatMap((dev) => [
    `filter show dev ${dev} ingress`,
    `filter show dev ${dev} egress`,
  ]);
  return {
    argv: ["tc", "-force", "-batch", "-"],
    input: batchText([...removalLines(objects, classifier), ...left]),
  };
}

type Classifier = "as made" | "any";

/** The clsacts themselves, once they are empty. */
export function removeHolders(objects: readonly TcObject[]): Batch | undefined {
  const holders = holdersOf(objects);
  if (holders.length === 0) return undefined;
  return {
    argv: ["tc", "-force", "-batch", "-"],
    input: batchText(holders.map((dev) => `qdisc del dev ${dev} clsact`)),
  };
}

/**
 * Everything of one device, as text: iproute2 up to 6.1 prints classes as text even with -j, and no version says a
 * policer's rate in JSON. Filter lines do not tell their hook, so the qdisc lines, of which every device has one once it was up, stand
 * between ingress and egress. `places`: of the filters within its tree.
 */
export function listTc(dev: string, places: readonly string[] = []): Batch {
  const queries = [
    `filter show dev ${dev} ingress`,
    `qdisc show dev ${dev}`,
    `filter show dev ${dev} egress`,
    `class show dev ${dev}`,
    // Without a hook: the root qdisc's own filters, each with its parent in the line.
    `filter show dev ${dev}`,
    ...places.map((place) => `filter show dev ${dev} parent ${place}`),
  ];
  return { argv: ["tc", "-d", "-force", "-batch", "-"], input: batchText(queries) };
}

/** "replace" creates, or changes in place without a packet lost: classes and queues. */
export function objectLine(object: TcObject, verb: "add" | "replace"): string {
  switch (object.kind) {
    case "htb":
      return `qdisc ${verb} dev ${object.dev} root handle ${object.handle} htb default 0x${object.defaultClass} direct_qlen ${object.directPackets}`;
    case "htb-class":
      return (
        `class ${verb} dev ${object.dev} parent ${object.parent} classid ${object.classid} htb ` +
        `rate ${object.rate}bps ceil ${object.ceil}bps ` +
        `burst ${object.burst} cburst ${object.cburst}` +
        (object.quantum === undefined ? "" : ` quantum ${object.quantum}`) +
        (object.priority === undefined ? "" : ` prio ${object.priority}`)
      );
    case "leaf":
      return `qdisc ${verb} dev ${object.dev} parent ${object.parent} handle ${object.handle} ${leafWords(object.queue)}`;
    case "dscp":
      return dscpWords(object);
    case "mark":
      return markWords(object);
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
      return `tbf rate ${queue.rate}bps burst ${queue.burst} limit ${queue.limitBytes}`;
  }
}

function filterWords(filter: TcFilter): string {
  const match = filter.matcher === "u32" ? "u32 match u32 0 0" : "matchall";
  return `filter add dev ${filter.dev} ${filter.hook} protocol all pref ${filter.pref} ${match}`;
}

/** A root qdisc takes its classes and leaves along; by handle, so that a foreign one in its place stays. */
function removalLines(objects: readonly TcObject[], classifier: Classifier): readonly string[] {
  const rooted = new Set(objects.filter(({ kind }) => kind === "htb").map(({ dev }) => dev));
  return objects.toReversed().flatMap((object) => {
    switch (object.kind) {
      case "htb":
        return [`qdisc del dev ${object.dev} root handle ${object.handle}`];
      case "police":
      case "redirect":
        return [filterRemovalLine(object, classifier)];
      case "htb-class":
        return rooted.has(object.dev) ? [] : [`class del dev ${object.dev} classid ${object.classid}`];
      case "leaf":
        return rooted.has(object.dev)
          ? []
          : [`qdisc del dev ${object.dev} parent ${object.parent} handle ${object.handle}`];
      case "mark":
        return rooted.has(object.dev) ? [] : [filterRemoval(object.dev, object.parent, object.pref)];
      case "dscp":
      case "clsact":
        return [];
    }
  });
}

/** By protocol and classifier, which nobody can change in place: somebody's other filter that took the place of ours stays. */
function filterRemovalLine({ dev, hook, pref, matcher }: TcFilter, classifier: Classifier): string {
  const line = `filter del dev ${dev} ${hook} protocol all pref ${pref}`;
  return classifier === "any" ? line : `${line} ${matcher}`;
}

function holdersOf(objects: readonly TcObject[]): readonly string[] {
  return objects.filter(({ kind }) => kind === "clsact").map(({ dev }) => dev);
}
