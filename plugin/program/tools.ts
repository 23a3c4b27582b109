/** The tools we program the kernel with, and the handler of each: the one list to extend. Pure. */
import { chains } from "./iptables/handler.ts";
import type { MangleChain } from "./iptables/chain.ts";
import { sets } from "./ipset/handler.ts";
import type { NetSet } from "./ipset/set.ts";
import { links } from "./link/handler.ts";
import type { Ifb } from "./link/ifb.ts";
import { trafficControl } from "./tc/handler.ts";
import type { TcObject } from "./tc/objects.ts";

/** In the order in which programs are listed. */
export const handlers = {
  link: links,
  tc: trafficControl,
  ipset: sets,
  iptables: chains("iptables"),
  ip6tables: chains("ip6tables"),
} as const;

export type ObjectOf = {
  readonly link: Ifb;
  readonly tc: TcObject;
  readonly ipset: NetSet;
  readonly iptables: MangleChain;
  readonly ip6tables: MangleChain;
};

export type Tool = keyof ObjectOf;

/** What must stand before a tool can name it: an ifb before the redirect to it, a set before the rule that looks into it. */
export const needs: Readonly<Partial<Record<Tool, Tool>>> = {
  tc: "link",
  iptables: "ipset",
  ip6tables: "ipset",
};

/** What besides must stand before it in a change, while packets are on their way: a class before the rule that sorts into it. */
export const leads: Readonly<Partial<Record<Tool, Tool>>> = { iptables: "tc", ip6tables: "tc" };
