/**
 * The names by which we recognise a pod's objects in a kernel that others use too. Pure. ARCHITECTURE.md has the table, and the
 * uplink's, which stand where the uplink is made.
 */

/** One attachment: a container's interface in a network. */
export type Identity = {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
};

/** Root HTB of every device we shape; "905" reads as "qos" and is nobody's habit, unlike 1:. */
export const rootHandle = "905:";
export const classMinor = "1";
export const classId = `${rootHandle}${classMinor}`;
export const leafHandle = "906:";
/** With rules that have limits 905:1 is the parent of all and what no rule limits is its child. */
export const restMinor = "2";
/** Limits of rules: classes 905:10 on, leaves 910: on. */
const firstLimitMinor = 0x10;
const firstLimitLeaf = 0x910;

export function limitMinor(number: number): number {
  return firstLimitMinor + number;
}

export function limitLeafHandle(number: number): string {
  return `${(firstLimitLeaf + number).toString(16)}:`;
}

/** Of the filter by mark, the one that our root ever has. */
export const markPref = 9;
/** Early, so that an agent's filter that ends the walk with "ok" does not skip the limit; it passes on what conforms. */
export const policePref = 9;
/** Late, since a redirect ends the walk: whatever else filters at this hook has had its say. */
export const redirectPref = 65_000;

const ifbPrefix = "pq";

/** 15 characters at most: "pq" and 13 digits of a hash over the identity, so DEL finds it with nothing but the identity. */
export function ifbName(identity: Identity): string {
  return ifbPrefix + hash(identityText(identity)).slice(0, 13);
}

export function isIfbName(name: string): boolean {
  return new RegExp(`^${ifbPrefix}[0-9a-f]{13}$`).test(name);
}

const aliasPrefix = "pod-qos ";
/** The kernel's limit. A network name that long is possible; an alias that was cut names nobody. */
const longestAlias = 255;

/** Kept on the ifb itself, so `ip link` shows whose it is and GC can tell with no record left. */
export function ifbAlias(identity: Identity): string {
  return (aliasPrefix + identityText(identity)).slice(0, longestAlias);
}

export function identityFromAlias(alias: string): Identity | undefined {
  if (!alias.startsWith(aliasPrefix) || alias.length >= longestAlias) return undefined;
  const [network, containerId, ifname] = alias.slice(aliasPrefix.length).split(" ");
  return network === undefined || containerId === undefined || ifname === undefined
    ? undefined
    : { network, containerId, ifname };
}

export function chainName(ifname: string): string {
  return `POD-QOS-${ifname}`;
}

/** ":" cannot be part of an interface's name, so no other interface has a chain or a set of that name. */
export function verdictChainName(ifname: string, number: number): string {
  return `${chainName(ifname)}:${number.toString(36)}`;
}

/** One less than the kernel takes: the set that replaces one is filled under its name and a "+". */
const longestSetName = 30;

/**
 * By what the set is for, not by the place of its rule: sets change before the chains that look into them, and a rule that comes
 * before others must not give them its addresses for that moment. `isTaken`: two of a pod may have one hash, since an
 * interface with a long name leaves four digits for it.
 */
export function setName(
  ifname: string,
  family: 4 | 6,
  purpose: string,
  isTaken: (name: string) => boolean,
): string {
  const start = `pod-qos-${ifname}:${family}:`;
  const named = (salt: string): string =>
    start + digits(`${salt}${purpose}`).slice(0, Math.min(8, longestSetName - start.length));
  const salts = Array.from({ length: 100 }, (_, at) => (at === 0 ? "" : `${at} `));
  return salts.map(named).find((name) => !isTaken(name)) ?? named("");
}

function digits(text: string): string {
  return BigInt(`0x${hash(text)}`)
    .toString(36)
    .padStart(13, "0")
    .slice(-8);
}

export function classChainName(ifname: string): string {
  return `POD-CLASS-${ifname}`;
}

export function sameIdentity(a: Identity, b: Identity): boolean {
  return a.network === b.network && a.containerId === b.containerId && a.ifname === b.ifname;
}

/** No part can hold a blank, so different attachments never share a text. */
function identityText({ network, containerId, ifname }: Identity): string {
  return `${network} ${containerId} ${ifname}`;
}

/** 64-bit FNV-1a: node:crypto costs a seventh of bare start-up, and this has to be distinct, not secret. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value.toString(16).padStart(16, "0");
}
