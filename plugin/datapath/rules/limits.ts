/**
 * Limits of rules as classes of one HTB tree on the pod's link, where CLASSIFY sends what a rule matched. Pure.
 *
 *     905: ── 905:10, 905:11 …            no cap shaped here: what no rule limits goes past the classes
 *
 *     905: ── 905:1 the cap ─┬─ 905:2     with one: the rest of the traffic
 *                            └─ 905:10 …  a limit inside the cap
 *
 * Both disciplines are classes: HTB keeps a bucket also where it has no queue to keep packets in. act_police, which knows
 * nothing of a packet's class, would need a filter for each, and drops GSO packets that are longer than a small bucket.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { HtbClass, Leaf, LeafQdisc, TcObject } from "../../program/tc/objects.ts";
import type { Cap } from "../../policy/cap/cap.ts";
import type { Limit, Rule } from "../../policy/rule/rule.ts";
import type { LimitsBy } from "../driver.ts";
import {
  classId,
  leafHandle,
  limitLeafHandle,
  limitMinor,
  markPref,
  restMinor,
  rootHandle,
} from "../names.ts";
import { policeLeaf, shapeLeaf } from "../queues.ts";
import { frameBytes, limitBucket, longestDebtSeconds, type Bucket } from "../rates.ts";
import { cappedRoot, type ShapedCap } from "../shaper.ts";

type LimitedRule = Rule & { readonly limit: Limit };

/** The class of each rule that has a limit, by its minor number. */
export function limitClasses(rules: readonly Rule[]): ReadonlyMap<Rule, number> {
  return new Map(rules.filter(hasLimit).map((rule, number) => [rule, limitMinor(number)]));
}

export function hasLimits(rules: readonly Rule[]): boolean {
  return rules.some(hasLimit);
}

/** `cap`: the pod's own, if it is shaped here. */
export function limitTree(
  dev: string,
  mtu: number,
  rules: readonly Rule[],
  cap: ShapedCap | undefined,
  fqCodel: boolean,
  limitsBy: LimitsBy = "priority",
): readonly TcObject[] {
  const limited = rules.filter(hasLimit);
  const parent = cap === undefined ? rootHandle : classId;
  const share = cap === undefined ? Infinity : shareOf(cap.bucket.rate, limited.length + 1, mtu);
  const child = (minor: string, ceiling: Bucket): HtbClass => ({
    kind: "htb-class",
    dev,
    parent,
    classid: `${rootHandle}${minor}`,
    rate: Math.min(share, ceiling.rate),
    ceil: ceiling.rate,
    // Beyond the cap's own bucket only what a class needs to send at all.
    burst: cap === undefined ? ceiling.burst : Math.min(ceiling.burst, 2 * frameBytes(mtu)),
    cburst: ceiling.burst,
    quantum: frameBytes(mtu),
  });
  const leaf = (minor: string, handle: string, queue: Leaf): LeafQdisc => ({
    kind: "leaf",
    dev,
    parent: `${rootHandle}${minor}`,
    handle,
    queue,
  });
  return [
    ...(cap === undefined ? openRoot(dev) : cappedRoot(dev, cap.bucket, mtu, restMinor)),
    ...(cap === undefined ? [] : [child(restMinor, cap.bucket), leaf(restMinor, leafHandle, cap.leaf)]),
    ...limited.flatMap(({ limit, source }, number): readonly TcObject[] => {
      const minor = limitMinor(number).toString(16);
      const bucket = limitBucket(asCap(limit, source), limit.discipline, mtu);
      const queue =
        limit.discipline === "police" ? policeLeaf(bucket.burst) : shapeLeaf(bucket.rate, mtu, fqCodel);
      return [child(minor, bucket), leaf(minor, limitLeafHandle(number), queue)];
    }),
    ...(limitsBy === "mark" ? [{ kind: "mark", dev, parent: rootHandle, pref: markPref } as const] : []),
  ];
}

/** Guaranteed shares of the cap that together do not exceed it: HTB lets nobody wait who is below his own. */
function shareOf(rate: number, classes: number, mtu: number): number {
  const share = Math.floor(rate / classes);
  const lowest = Math.ceil(frameBytes(mtu) / longestDebtSeconds);
  if (share >= lowest) return share;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${classes - 1} limited rules inside a cap of ${rate * 8} bit/s are too many for it at an MTU of ${mtu}: ` +
      `it takes a cap of ${lowest * classes * 8} bit/s, or fewer rules with a limit`,
  );
}

/** What the kernel keeps for packets without a class: as much as a device's own queue. */
const directPackets = 1000;

/** No class 0: what no rule limits goes straight to the device. */
function openRoot(dev: string): readonly TcObject[] {
  return [{ kind: "htb", dev, handle: rootHandle, defaultClass: "0", directPackets }];
}

function hasLimit(rule: Rule): rule is LimitedRule {
  return rule.limit !== undefined;
}

function asCap({ rate, burst }: Limit, source: string): Cap {
  return { rate, burst, source: `${source} bandwidth.rate`, burstSource: `${source} bandwidth.burst` };
}
