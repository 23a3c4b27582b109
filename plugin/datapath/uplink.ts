/**
 * What the uplink's device, sets and rules shall be: a function of the conf and a few facts, and of no pod. So any number
 * of ADDs may make it so at once. Pure.
 *
 *     PREROUTING   source in a class's set -> its mark         (what the runbook looks for)
 *     FORWARD      a class's DSCP -> the default class         (nobody talks himself into a class)
 *     POSTROUTING -> POD-QOS-UP-eth0    mark, source in set -> priority 1:20
 *     eth0 root htb 1: ── 1:1 rate = link ──┬── 1:10 default
 *                                           └── 1:20 ...       priority, else DSCP, else default
 *
 * mangle comes before nat, so the source is still the pod's; and a tunnel keeps priority and mark of what it wraps, so what
 * was sorted at the tunnel's device stays sorted at the link below.
 */
import { formatAddress, parseAddress } from "../policy/address.ts";
import type { Cap } from "../policy/caps.ts";
import type { FirewallMark } from "../policy/uplink/mark.ts";
import { defaultMinor, type Uplink, type UplinkClass } from "../policy/uplink/uplink.ts";
import { ipv6Suffix } from "../cni/uplink.ts";
import type { HtbQdisc, Leaf, LeafQdisc } from "../program/tc/objects.ts";
import type {
  AddressSet,
  DscpFilter,
  Member,
  RuleTool,
  TreeClass,
  UplinkRules,
  UplinkState,
} from "../program/uplink/objects.ts";
import { frameBytes, shapeBucket, shapeLeaf } from "./rates.ts";

export type UplinkFacts = { readonly mtu: number; readonly fqCodel: boolean; readonly ipv6: boolean };

const rootHandle = "1:";
const linkClass = "1:1";

/** No packet may pass beside the classes, and no htb of anybody else's says so: by this we know ours again. */
export const uplinkDirectPackets = 0;

export function uplinkState(uplink: Uplink, facts: UplinkFacts): UplinkState {
  const { device: dev, classes } = uplink;
  const families = facts.ipv6 ? (["inet", "inet6"] as const) : (["inet"] as const);
  return {
    device: dev,
    tree: {
      root: uplinkRoot(dev),
      classes: [linkRoot(uplink, facts), ...classes.map((each) => treeClass(dev, each, facts))],
      leaves: classes.map((each) => leaf(dev, each, facts)),
      filters: classes.flatMap((each, at) => filters(each, at, facts)),
    },
    sets: classes.flatMap(({ set }) =>
      set === undefined ? [] : families.map((family): AddressSet => ({ name: setName(set, family), family })),
    ),
    rules: {
      iptables: rules(uplink, "iptables"),
      ip6tables: facts.ipv6 ? rules(uplink, "ip6tables") : undefined,
    },
  };
}

export function uplinkRoot(dev: string): HtbQdisc {
  return {
    kind: "htb",
    dev,
    handle: rootHandle,
    defaultClass: defaultMinor,
    directPackets: uplinkDirectPackets,
  };
}

/** The chain's name, and what our rules elsewhere carry. */
export function uplinkNames(device: string): Pick<UplinkRules, "chain" | "comment"> {
  return { chain: `POD-QOS-UP-${device}`, comment: `pod-qos:${device}` };
}

/** What a pod of the class adds, written as ipset prints it. */
export function membersOf(set: string | undefined, addresses: readonly string[]): readonly Member[] {
  if (set === undefined) return [];
  return addresses
    .map(parseAddress)
    .filter((address) => address !== undefined)
    .map((address) => ({
      set: setName(set, address.family === 6 ? "inet6" : "inet"),
      address: formatAddress(address),
    }));
}

export function classId({ minor }: UplinkClass): string {
  return `${rootHandle}${minor}`;
}

function setName(set: string, family: AddressSet["family"]): string {
  return family === "inet" ? set : set + ipv6Suffix;
}

function linkRoot({ device, rate }: Uplink, { mtu }: UplinkFacts): TreeClass {
  const bucket = shapeBucket(capOf("uplink.rate", rate, undefined), mtu);
  return {
    kind: "htb-class",
    dev: device,
    parent: rootHandle,
    classid: linkClass,
    priority: 0,
    rate: bucket.rate,
    ceil: bucket.rate,
    burst: bucket.burst,
    cburst: bucket.burst,
    quantum: frameBytes(mtu),
  };
}

function treeClass(dev: string, entry: UplinkClass, { mtu }: UplinkFacts): TreeClass {
  const field = `uplink.classes.${entry.name}`;
  const own = shapeBucket(capOf(`${field}.rate`, entry.rate, entry.burst, `${field}.burst`), mtu);
  const most = shapeBucket(capOf(`${field}.ceil`, entry.ceil, entry.cburst, `${field}.cburst`), mtu);
  return {
    kind: "htb-class",
    dev,
    parent: linkClass,
    classid: classId(entry),
    priority: entry.priority,
    rate: own.rate,
    ceil: most.rate,
    burst: own.burst,
    cburst: most.burst,
    quantum: entry.quantum ?? share(own.rate, mtu),
  };
}

/** A class's turn, as much as it sends in a millisecond: what is left over is borrowed in proportion to the guarantees. */
function share(rate: number, mtu: number): number {
  return Math.min(Math.max(Math.floor(rate / 1000), frameBytes(mtu)), Math.max(200_000, frameBytes(mtu)));
}

/** As long as the class may become fast; a node's link carries more flows than one pod's. */
function leaf(dev: string, entry: UplinkClass, { mtu, fqCodel }: UplinkFacts): LeafQdisc {
  const queue = shapeLeaf(Math.floor(entry.ceil / 8), mtu, fqCodel);
  const wide: Leaf = queue.kind === "fq_codel" ? { ...queue, limitPackets: 10_240 } : queue;
  return { kind: "leaf", dev, parent: classId(entry), handle: `${entry.minor}:`, queue: wide };
}

const firstFilterPref = 905;

/** A preference for each class and family, so that one is replaced without touching another. */
function filters(entry: UplinkClass, at: number, { ipv6 }: UplinkFacts): readonly DscpFilter[] {
  const { dscp } = entry;
  if (dscp === undefined) return [];
  const protocols = ipv6 ? (["ip", "ipv6"] as const) : (["ip"] as const);
  return protocols.map((protocol, family) => ({
    pref: firstFilterPref + 2 * at + family,
    protocol,
    dscp,
    classid: classId(entry),
  }));
}

function rules({ device, classes }: Uplink, tool: RuleTool): UplinkRules {
  const family = tool === "iptables" ? "inet" : "inet6";
  const { chain, comment } = uplinkNames(device);
  const commented = `-m comment --comment ${comment}`;
  const inSet = classes.flatMap((entry) =>
    entry.set === undefined ? [] : [{ entry, match: `-m set --match-set ${setName(entry.set, family)} src` }],
  );
  const marked = classes.flatMap(({ mark, minor }) => (mark === undefined ? [] : [{ mark, minor }]));
  return {
    chain,
    comment,
    // The last word counts: where a pod's traffic carries another's mark, its address decides.
    inChain: [
      ...marked.map(
        ({ mark, minor }) => `${commented} -m mark --mark ${matchWords(mark)} ${classify(minor)}`,
      ),
      ...inSet.map(({ entry, match }) => `${match} ${commented} ${classify(entry.minor)}`),
    ],
    atHooks: [
      ...inSet.flatMap(({ entry: { mark }, match }) =>
        mark === undefined
          ? []
          : [`PREROUTING ${match} ${commented} -j MARK --set-xmark ${hex(mark.value)}/${hex(mark.mask)}`],
      ),
      ...classes.flatMap(({ dscp }) => (dscp === undefined ? [] : [bleach(dscp, commented, defaultMinor)])),
      `POSTROUTING ${commented} -j ${chain}`,
    ],
  };
}

/**
 * The uplink sorts by DSCP what has no priority yet. A pod whose packets the node forwards has its class by address, whatever
 * DSCP it writes; what the node itself sends, tunnels above all, is not forwarded and keeps the class it has.
 */
function bleach(dscp: number, commented: string, minor: string): string {
  return `FORWARD -m dscp --dscp ${dscpWords(dscp)} ${commented} ${classify(minor)}`;
}

/** As iptables-save prints it. */
export function dscpWords(dscp: number): string {
  return `0x${dscp.toString(16).padStart(2, "0")}`;
}

function matchWords({ value, mask }: FirewallMark): string {
  return mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

/** As iptables-save prints it: both numbers hexadecimal, four digits. */
export function classify(minor: string): string {
  return `-j CLASSIFY --set-class ${rootHandle.slice(0, -1).padStart(4, "0")}:${minor.padStart(4, "0")}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function capOf(source: string, rate: number, burst: number | undefined, burstSource?: string): Cap {
  return { rate, burst, source, burstSource: burst === undefined ? undefined : burstSource };
}
