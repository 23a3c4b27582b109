/** A class of an uplink. Rates are bit/s, buckets bits. Pure. */
import type { Dscp } from "../rule/dscp.ts";
import type { Selector } from "../label/selector.ts";
import type { FirewallMark } from "./mark.ts";

export type UplinkClass = {
  readonly name: string;
  /** As tc reads it, in hexadecimal: "10" is the default class, then "20", "30" and so on. */
  readonly minor: string;
  readonly rate: number;
  readonly ceil: number;
  readonly priority: number;
  readonly burst: number | undefined;
  readonly cburst: number | undefined;
  /** Bytes, undefined: in proportion to the rate. */
  readonly quantum: number | undefined;
  /** undefined for the default class, which takes whatever no other does. */
  readonly set: string | undefined;
  readonly mark: FirewallMark | undefined;
  readonly dscp: Dscp | undefined;
  /** By the labels of its pods, and by those of their namespaces: where both are there, both must match. */
  readonly selector: Selector | undefined;
  readonly namespaceSelector: Selector | undefined;
};

/** The default class's. */
export const defaultMinor = "10";
