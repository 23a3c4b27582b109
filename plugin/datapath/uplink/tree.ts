/** An uplink's tree: the link at its root, a class for each of the conf's, a short queue in each. Pure. */
import type { Cap } from "../../policy/cap/cap.ts";
import type { UplinkClass } from "../../policy/uplink/class.ts";
import { defaultMinor } from "../../policy/uplink/class.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import { dscpPrefs } from "../../program/tc/dscp-filter.ts";
import type { DscpFilter, HtbClass, HtbQdisc, Leaf, LeafQdisc, TcObject } from "../../program/tc/objects.ts";
import { shapeLeaf } from "../queues.ts";
import { frameBytes, shapeBucket } from "../rates.ts";

export type UplinkFacts = { readonly mtu: number; readonly fqCodel: boolean; readonly ipv6: boolean };

const rootHandle = "1:";
const linkClass = "1:1";

/** No packet may pass beside the classes, and no htb of anybody else's says so: by this we know ours again. */
const uplinkDirectPackets = 0;

export function uplinkTree(uplink: Uplink, facts: UplinkFacts): readonly TcObject[] {
  const { device: dev, classes } = uplink;
  return [
    uplinkRoot(dev),
    linkRoot(uplink, facts),
    ...classes.map((each) => treeClass(dev, each, facts)),
    ...classes.map((each) => leaf(dev, each, facts)),
    ...classes.flatMap((each, at) => filters(dev, each, at, facts)),
  ];
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

function linkRoot({ device, rate }: Uplink, { mtu }: UplinkFacts): HtbClass {
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

function treeClass(dev: string, entry: UplinkClass, { mtu }: UplinkFacts): HtbClass {
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

/** A preference for each class and family, so that one is replaced without touching another; and so again for VLANs. */
function filters(dev: string, entry: UplinkClass, at: number, { ipv6 }: UplinkFacts): readonly DscpFilter[] {
  const { dscp } = entry;
  if (dscp === undefined) return [];
  const protocols = ipv6 ? (["ip", "ipv6"] as const) : (["ip"] as const);
  const sorter = { kind: "dscp", dev, parent: rootHandle, dscp, classid: classId(entry) } as const;
  return protocols.flatMap((protocol, family): readonly DscpFilter[] => [
    { ...sorter, protocol, pref: dscpPrefs.first + 2 * at + family },
    { ...sorter, protocol, tagged: true, pref: dscpPrefs.tagged + 2 * at + family },
  ]);
}

function classId({ minor }: UplinkClass): string {
  return `${rootHandle}${minor}`;
}

function capOf(source: string, rate: number, burst: number | undefined, burstSource?: string): Cap {
  return { rate, burst, source, burstSource: burst === undefined ? undefined : burstSource };
}
