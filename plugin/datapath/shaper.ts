/** The three things a cap can become on a device, as tc objects: a shaper, a policer, a redirect to where a shaper is. Pure. */
import type { Ifb } from "../program/link/ifb.ts";
import type {
  Clsact,
  Hook,
  HtbClass,
  HtbQdisc,
  Leaf,
  Matcher,
  Policer,
  Redirect,
  TcObject,
} from "../program/tc/objects.ts";
import {
  ifbAlias,
  ifbName,
  classId,
  classMinor,
  leafHandle,
  policePref,
  redirectPref,
  rootHandle,
} from "./names.ts";
import type { Identity } from "./names.ts";
import type { Cap } from "../policy/cap/cap.ts";
import type { Task } from "./driver.ts";
import { noQueue, shapeLeaf } from "./queues.ts";
import { frameBytes, policeBucket, shapeBucket, type Bucket } from "./rates.ts";

/** HTB as the discipline wants it; for `police` it stands in for a policer this kernel does not have. */
export function capShaper(
  cap: Cap,
  dev: string,
  mtu: number,
  context: Pick<Task, "policy" | "facts">,
): readonly TcObject[] {
  const { bucket, leaf } = shapedCap(cap, mtu, context);
  return shaper(dev, bucket, leaf, mtu);
}

/** What a cap needs where it is shaped: a class and the queue behind it. */
export type ShapedCap = { readonly bucket: Bucket; readonly leaf: Leaf };

export function shapedCap(
  cap: Cap,
  mtu: number,
  { policy, facts }: Pick<Task, "policy" | "facts">,
): ShapedCap {
  if (policy.discipline === "police") return { bucket: policeBucket(cap, mtu), leaf: noQueue };
  const bucket = shapeBucket(cap, mtu);
  return { bucket, leaf: shapeLeaf(bucket.rate, mtu, facts.features.fqCodel) };
}

export function shaper(dev: string, bucket: Bucket, queue: Leaf, mtu: number): readonly TcObject[] {
  return [
    ...cappedRoot(dev, bucket, mtu, classMinor),
    { kind: "leaf", dev, parent: classId, handle: leafHandle, queue },
  ];
}

/**
 * The class that holds a device to its cap, by way of `defaultClass` whatever no filter or rule sorted. With every parameter
 * explicit: unset cburst costs a tenth of the rate, unset quantum makes the kernel guess.
 */
export function cappedRoot(
  dev: string,
  { rate, burst }: Bucket,
  mtu: number,
  defaultClass: string,
): readonly [HtbQdisc, HtbClass] {
  return [
    { kind: "htb", dev, handle: rootHandle, defaultClass, directPackets: 0 },
    {
      kind: "htb-class",
      dev,
      parent: rootHandle,
      classid: classId,
      rate,
      ceil: rate,
      burst,
      cburst: burst,
      quantum: frameBytes(mtu),
    },
  ];
}

export function policer(
  dev: string,
  hook: Hook,
  { rate, burst }: Bucket,
  matcher: Matcher,
): readonly [Clsact, Policer] {
  return [
    { kind: "clsact", dev },
    { kind: "police", dev, hook, pref: policePref, matcher, rate, burst },
  ];
}

/** What arrives at a device can only be shaped on the way out of another: an ifb that it is redirected to. */
export function redirect(dev: string, matcher: Matcher, to: string): readonly [Clsact, Redirect] {
  return [
    { kind: "clsact", dev },
    { kind: "redirect", dev, hook: "ingress", pref: redirectPref, matcher, to },
  ];
}

export function ifbOf(identity: Identity, mtu: number): Ifb {
  return { kind: "ifb", name: ifbName(identity), mtu, alias: ifbAlias(identity) };
}
