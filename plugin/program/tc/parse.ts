/** `tc -d` text of one device back into the objects of objects.ts, plus what stands there that is none of ours. Pure. */
import { parseDscpFilter } from "./dscp-filter.ts";
import { isMarkHead, parseMarkFilter } from "./mark-filter.ts";
import type { Hook, HtbClass, ObservedFilter, TcObject } from "./objects.ts";
import { anyFilter, endsWalk, withDeviations, parseFilter, type ForeignFilter } from "./parse-filter.ts";
import { leafQueue, queueDeviations, sizeTable } from "./parse-queue.ts";
import { takerOf, type Taker } from "./bypass/taker.ts";
import { bytes, bytesPerSecond, word } from "./units.ts";

export type Occupant = { readonly dev: string; readonly at: "root" | "ingress"; readonly text: string };

export type ObservedDevice = {
  readonly dev: string;
  readonly exists: boolean;
  readonly objects: readonly (TcObject | ObservedFilter)[];
  /** What stands at the root and at ingress, ours as well, but the kernel's default (0:), which gives way, and a clsact, which is shared. */
  readonly occupants: readonly Occupant[];
  /** Filters that are none we could have made, by the place they take. */
  readonly foreignFilters: readonly ForeignFilter[];
  /** Filters that take every packet and let none go on to what stands behind them. */
  readonly lastFilters: readonly ForeignFilter[];
  /** Filters, where there are some, that may take a packet and let it pass what stands behind them. */
  readonly takers?: readonly Taker[];
  /** Filters of the root qdisc, which sort packets into its classes past what we say. */
  readonly rootFilters: readonly string[];
  /** Filters, where there are some, of classes and of the queues behind them. Ours have none. */
  readonly innerFilters?: readonly string[];
};

export function parseTc(dev: string, output: string): ObservedDevice {
  const { lines, inner } = partsOf(onlyOnce(joinContinuations(output)));
  const innerFilters = inner.filter((line) => !isTable.test(line)).map((line) => line.trim());
  const firstQdisc = lines.findIndex((line) => line.startsWith("qdisc "));
  const hookOf = (at: number): Hook => (at < firstQdisc ? "ingress" : "egress");
  const objects = lines.flatMap((line, at): readonly (TcObject | ObservedFilter)[] => {
    if (line.startsWith("qdisc ")) return qdisc(dev, line);
    if (line.startsWith("class htb ")) return [htbClass(dev, line)];
    if (line.startsWith("filter parent "))
      return [...parseDscpFilter(dev, line), ...parseMarkFilter(dev, line)];
    return isHookFilter(line) ? parseFilter(dev, hookOf(at), line) : [];
  });
  const filters = lines.flatMap((line, at) => (isHookFilter(line) ? [anyFilter(dev, hookOf(at), line)] : []));
  const takers = filters.map(takerOf).filter((taker) => taker !== undefined);
  return {
    dev,
    exists: firstQdisc >= 0,
    objects,
    occupants: lines.flatMap((line) => occupant(dev, line)),
    foreignFilters: filters.filter(
      ({ hook, pref }) =>
        !objects.some((object) => couldBeOurs(object) && object.hook === hook && object.pref === pref),
    ),
    lastFilters: filters.filter(endsWalk),
    ...(takers.length === 0 ? {} : { takers }),
    rootFilters: lines.filter(isForeignRootFilter).map((line) => line.trim()),
    ...(innerFilters.length === 0 ? {} : { innerFilters }),
  };
}

function couldBeOurs(object: TcObject | ObservedFilter): object is ObservedFilter {
  return "hook" in object && !("isForeign" in object);
}

/** An `ingress` qdisc, unlike a clsact, is named as the parent of its filters, and asked for egress tells them again. */
function onlyOnce(lines: readonly string[]): readonly string[] {
  const ofIngress = /^filter (parent ffff:|ingress) /;
  const firstQdisc = lines.findIndex((line) => line.startsWith("qdisc "));
  return lines.flatMap((line, at) => {
    if (!ofIngress.test(line)) return [line];
    return at < firstQdisc ? [line.replace(ofIngress, "filter ")] : [];
  });
}

/** Filters of classes and queues come behind the classes, and tc leaves out the parent that it was asked for. */
function partsOf(all: readonly string[]): {
  readonly lines: readonly string[];
  readonly inner: readonly string[];
} {
  const firstClass = all.findIndex((line) => line.startsWith("class "));
  const isInner = (line: string, at: number): boolean =>
    firstClass >= 0 && at > firstClass && /^filter (?!parent )/.test(line);
  return { lines: all.filter((line, at) => !isInner(line, at)), inner: all.filter(isInner) };
}

/** A classifier, and a hash table of it, is listed without a filter of its own. */
export const isTable = / chain \d+ *$| ht divisor /;

/** Packets begin with chain 0: what stands in another is asked only if a filter of somebody's sends them there. */
function isHookFilter(line: string): boolean {
  return /^filter (?!parent )/.test(line) && !/^filter protocol \S+ pref \d+ \S+ chain [1-9]/.test(line);
}

function isForeignRootFilter(line: string): boolean {
  return line.startsWith("filter parent ") && !isMarkHead(line) && parseMarkFilter("", line).length === 0;
}

/** The action of a filter follows on indented lines; one line per object is easier to read. */
function joinContinuations(output: string): readonly string[] {
  const joined: string[] = [];
  for (const line of output.split("\n")) {
    if (/^\S/.test(line) || joined.length === 0) joined.push(line);
    else joined.push(`${joined.pop() ?? ""} ${line.trim()}`);
  }
  return joined;
}

function qdisc(dev: string, line: string): readonly TcObject[] {
  const [, kind = "", handle = ""] = line.split(" ");
  if (kind === "clsact") return [{ kind: "clsact", dev }];
  const isRoot = / root /.test(`${line} `);
  if (kind === "htb" && isRoot) {
    return [
      {
        kind: "htb",
        dev,
        handle,
        defaultClass: word(line, "default").replace(/^0x/, ""),
        directPackets: parseInt(word(line, "direct_qlen"), 10),
        ...withDeviations(sizeTable(line)),
      },
    ];
  }
  const queue = leafQueue(kind, line);
  return queue === undefined || isRoot
    ? []
    : [
        {
          kind: "leaf",
          dev,
          parent: word(line, "parent"),
          handle,
          queue,
          ...withDeviations([...queueDeviations(kind, line), ...sizeTable(line)]),
        },
      ];
}

function htbClass(dev: string, line: string): HtbClass {
  const [, , classid = ""] = line.split(" ");
  return {
    kind: "htb-class",
    dev,
    parent: / root /.test(line) ? classid.replace(/:.*/, ":") : word(line, "parent"),
    classid,
    rate: bytesPerSecond(word(line, "rate")),
    ceil: bytesPerSecond(word(line, "ceil")),
    burst: bytes(word(line, "burst")),
    cburst: bytes(word(line, "cburst")),
    quantum: / quantum /.test(line) ? bytes(word(line, "quantum")) : undefined,
    ...(/ prio [1-9]/.test(line) ? { priority: parseInt(word(line, "prio"), 10) } : {}),
    ...withDeviations(charges(line)),
  };
}

/** Ours charge a packet what it weighs on Ethernet, and no more. */
function charges(line: string): readonly string[] {
  const found = line.match(/ overhead [1-9]\d*| mpu (?!0b)\S+| linklayer (?!ethernet)\S+/g) ?? [];
  return found.map((words) => `it charges packets by${words}`);
}

function occupant(dev: string, line: string): readonly Occupant[] {
  const parts = /^qdisc (\S+) ([0-9a-f]+): (root|parent ffff:fff1)/.exec(line);
  if (parts === null) return [];
  const [, kind, handle, place] = parts;
  if (handle === "0" || kind === "clsact") return [];
  const at = place === "root" ? "root" : "ingress";
  return [{ dev, at, text: line.replace(/ refcnt.*/, "").trim() }];
}
