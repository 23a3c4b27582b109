/** `tc -d` text of one device back into the objects of objects.ts, plus what stands there that is none of ours. Pure. */
import {
  policeMtu,
  policeVerdict,
  type Hook,
  type HtbClass,
  type Leaf,
  type Matcher,
  type ObservedFilter,
  type TcObject,
} from "./objects.ts";
import { bytes, bytesPerSecond, micros } from "./units.ts";

export type ForeignQdisc = { readonly dev: string; readonly at: "root" | "ingress"; readonly text: string };

export type ObservedDevice = {
  readonly dev: string;
  readonly exists: boolean;
  readonly objects: readonly (TcObject | ObservedFilter)[];
  /** Root or ingress qdiscs that are neither the kernel's default (handle 0:) nor of a kind we make. */
  readonly foreign: readonly ForeignQdisc[];
  /** Filters that are none we could have made, by the place they take. */
  readonly foreignFilters: readonly ForeignFilter[];
  /** Filters that take every packet and let none go on to what stands behind them. */
  readonly lastFilters: readonly ForeignFilter[];
  /** Filters of the root qdisc, which sort packets into its classes past what we say. */
  readonly rootFilters: readonly string[];
};

export type ForeignFilter = {
  readonly dev: string;
  readonly hook: Hook;
  readonly pref: number;
  readonly text: string;
};

export function parseTc(dev: string, output: string): ObservedDevice {
  const lines = onlyOnce(joinContinuations(output));
  const firstQdisc = lines.findIndex((line) => line.startsWith("qdisc "));
  const objects = lines.flatMap((line, at): readonly (TcObject | ObservedFilter)[] => {
    if (line.startsWith("qdisc ")) return qdisc(dev, line);
    if (line.startsWith("class htb ")) return [htbClass(dev, line)];
    if (isHookFilter(line)) return filter(dev, at < firstQdisc ? "ingress" : "egress", line);
    return [];
  });
  const hookFilters = lines.flatMap((line, at): readonly ForeignFilter[] => {
    if (!isHookFilter(line)) return [];
    const hook = at < firstQdisc ? "ingress" : "egress";
    return [{ dev, hook, pref: parseInt(word(line, "pref"), 10), text: line.trim() }];
  });
  return {
    dev,
    exists: firstQdisc >= 0,
    objects,
    foreign: lines.flatMap((line) => foreignQdisc(dev, line)),
    foreignFilters: hookFilters.filter(
      ({ hook, pref }) =>
        !objects.some((object) => "hook" in object && object.hook === hook && object.pref === pref),
    ),
    lastFilters: hookFilters.filter(({ text }) => takesAll(text) && !goesOn(text)),
    rootFilters: lines.filter((line) => line.startsWith("filter parent ")).map((line) => line.trim()),
  };
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

function isHookFilter(line: string): boolean {
  return line.startsWith("filter ") && !line.startsWith("filter parent ");
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
      },
    ];
  }
  const queue = leafQueue(kind, line);
  return queue === undefined || isRoot
    ? []
    : [{ kind: "leaf", dev, parent: word(line, "parent"), handle, queue }];
}

function leafQueue(kind: string, line: string): Leaf | undefined {
  switch (kind) {
    case "fq_codel":
      return {
        kind,
        limitPackets: parseInt(word(line, "limit"), 10),
        targetMicros: micros(word(line, "target")),
        intervalMicros: micros(word(line, "interval")),
        quantum: bytes(word(line, "quantum")),
      };
    case "bfifo":
      return { kind, limitBytes: bytes(word(line, "limit")) };
    case "pfifo":
      return { kind, limitPackets: parseInt(word(line, "limit"), 10) };
    case "tbf":
      return tbf(line);
    default:
      return undefined;
  }
}

/** tc says the limit as the time that a queue so long takes behind a full bucket. */
function tbf(line: string): Leaf {
  const rate = bytesPerSecond(word(line, "rate"));
  const burst = bytes(word(line, "burst"));
  const limitBytes = Math.round((micros(word(line, "lat")) / 1e6) * rate + burst);
  return { kind: "tbf", rate, burst, limitBytes };
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
  };
}

/** cls_u32 lists its hash table and node as lines of their own; the one with the action is the filter. */
function filter(dev: string, hook: Hook, line: string): readonly ObservedFilter[] {
  const matcher: Matcher = line.includes(" u32 ") ? "u32" : "matchall";
  const common = { dev, hook, pref: parseInt(word(line, "pref"), 10), matcher };
  const selective = selectiveness(line);
  const redirect = /mirred \(Egress Redirect to device (\S+)\)/.exec(line)?.[1];
  if (redirect !== undefined) return [{ kind: "redirect", ...common, to: redirect, ...odd(selective) }];
  if (!/ police 0x[0-9a-f]+ /.test(line)) return [];
  return [
    {
      kind: "police",
      ...common,
      rate: bytesPerSecond(word(line, "rate")),
      burst: bytes(word(line, "burst")),
      ...odd([...selective, ...leniency(line)]),
    },
  ];
}

function odd(oddities: readonly string[]): { readonly oddities?: readonly string[] } {
  return oddities.length === 0 ? {} : { oddities };
}

/** Ours take every packet. */
function selectiveness(line: string): readonly string[] {
  const [, protocol = "", kind = ""] = /^filter protocol (\S+) pref \d+ (\S+)/.exec(line) ?? [];
  const keys = [...line.matchAll(/ match ([0-9a-f]{8})\/([0-9a-f]{8}) at \S+/g)];
  return [
    ...(protocol === "all" ? [] : [`it takes protocol ${protocol} only`]),
    ...(kind === "u32" || kind === "matchall" ? [] : [`its classifier is ${kind}`]),
    ...keys.filter(([, , mask]) => mask !== "00000000").map(([text]) => `it takes only what has${text}`),
  ];
}

/** The line of the filter itself, not of its classifier or hash table; cls_bpf and cls_flower may mean anything. */
function takesAll(line: string): boolean {
  const isFilter = / matchall .*\bhandle /.test(line) || / u32 .* match 0/.test(line);
  return isFilter && selectiveness(line).length === 0;
}

/** "continue" is the one verdict behind which the next filter is asked, for what conforms if not for all. */
function goesOn(line: string): boolean {
  return /\bcontinue\b/.test(line.slice(line.lastIndexOf("action order")));
}

/** Ours drop what exceeds, pass the rest on, and take packets of any length. */
function leniency(line: string): readonly string[] {
  const verdict = / action (\S+) overhead /.exec(line)?.[1] ?? policeVerdict;
  const mtu = bytes(word(line, "mtu"));
  return [
    ...(verdict === policeVerdict ? [] : [`its verdict is ${verdict}`]),
    ...(mtu < policeMtu ? [`it drops packets above ${mtu} bytes`] : []),
  ];
}

function foreignQdisc(dev: string, line: string): readonly ForeignQdisc[] {
  const parts = /^qdisc (\S+) ([0-9a-f]+): (root|parent ffff:fff1)/.exec(line);
  if (parts === null) return [];
  const [, kind, handle, place] = parts;
  if (handle === "0" || kind === "clsact") return [];
  const at = place === "root" ? "root" : "ingress";
  return [{ dev, at, text: line.replace(/ refcnt.*/, "").trim() }];
}

/** The word behind a keyword: `burst 25000b/1` gives "25000b/1" for "burst". */
function word(line: string, keyword: string): string {
  return new RegExp(`(?:^|\\s)${keyword} (\\S+)`).exec(line)?.[1] ?? "";
}
