/** What holds between the packets of two rules: all of one among the other's, some, none. Exact, and pure. */
import { haveCommon, isSubset, setOf, union, type AddressSet } from "../address/address-set.ts";
import { netOf, parseCidr } from "../address/cidr.ts";
import { destinationsOf, type Block, type IpFamily, type Rule, type Service } from "./rule.ts";

/** What a rule matches, worked out once: of 2000 rules each is held against all before it. */
export type Reach = Readonly<Record<IpFamily, { readonly to: AddressSet; readonly from: AddressSet }>> & {
  readonly services: readonly Service[];
};

export function reachOf(rule: Rule): Reach {
  return reachTo(destinationsOf(rule), rule);
}

/** The same by all pods that its labels may come to select: any address. */
export function widestReachOf(rule: Rule): Reach {
  return reachTo(rule.toPods === undefined ? destinationsOf(rule) : undefined, rule);
}

function reachTo(to: readonly Block[] | undefined, { from: sources, services }: Rule): Reach {
  const from = sources.length === 0 ? undefined : sources;
  return {
    4: { to: addresses(to, 4), from: addresses(from, 4) },
    6: { to: addresses(to, 6), from: addresses(from, 6) },
    services,
  };
}

/** Whether every packet that `inner` matches is one of `outer`'s. */
export function reachCovers(outer: Reach, inner: Reach): boolean {
  return families.every((family) => {
    const { to, from } = inner[family];
    if (to.length === 0 || from.length === 0) return true;
    return (
      servicesCover(outer.services, inner.services) &&
      isSubset(to, outer[family].to) &&
      isSubset(from, outer[family].from)
    );
  });
}

/** Whether there is a packet that matches both. */
export function reachesMeet(a: Reach, b: Reach): boolean {
  return (
    servicesOverlap(a.services, b.services) &&
    families.some(
      (family) => haveCommon(a[family].to, b[family].to) && haveCommon(a[family].from, b[family].from),
    )
  );
}

/** Whether no packet at all can match: its blocks are of different families, or what they except leaves nothing. */
export function isNothing(reach: Reach): boolean {
  return families.every((family) => reach[family].to.length === 0 || reach[family].from.length === 0);
}

const families: readonly IpFamily[] = [4, 6];

/** undefined: any. */
function addresses(blocks: readonly Block[] | undefined, family: IpFamily): AddressSet {
  if (blocks === undefined) return everything[family];
  return union(
    blocks
      .filter(({ cidr }) => cidr.family === family)
      .map(({ cidr, except }) => setOf(netOf(cidr), except.map(netOf))),
  );
}

const everything: Readonly<Record<IpFamily, AddressSet>> = {
  4: setOf(netOf(parseCidr("every IPv4 address", "0.0.0.0/0")), []),
  6: setOf(netOf(parseCidr("every IPv6 address", "::/0")), []),
};

function servicesCover(outer: readonly Service[], inner: readonly Service[]): boolean {
  if (outer.length === 0) return true;
  return inner.length > 0 && inner.every((wanted) => outer.some((service) => serviceCovers(service, wanted)));
}

function servicesOverlap(some: readonly Service[], others: readonly Service[]): boolean {
  if (some.length === 0 || others.length === 0) return true;
  return some.some((a) => others.some((b) => serviceCovers(a, b) || serviceCovers(b, a)));
}

function serviceCovers(outer: Service, inner: Service): boolean {
  return outer.protocol === inner.protocol && (outer.port === undefined || outer.port === inner.port);
}
