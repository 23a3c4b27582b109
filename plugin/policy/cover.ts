/** What holds between the packets of two rules: all of one among the other's, some, none. Exact, and pure. */
import { covers, halves, intersects, netOf, parseCidr, type Net } from "./cidr.ts";
import type { Block, Family, Rule, Service } from "./rule.ts";

/** Whether every packet that matches `inner` matches `outer`. */
export function ruleCovers(outer: Rule, inner: Rule): boolean {
  return families.every((family) => {
    const [to, from] = [areas(inner.to, family), areas(inner.from, family)];
    if (isEmpty(to) || isEmpty(from)) return true;
    return (
      servicesCover(outer.services, inner.services) &&
      isWithin(to, areas(outer.to, family)) &&
      isWithin(from, areas(outer.from, family))
    );
  });
}

/** Whether there is a packet that matches both. */
export function rulesOverlap(a: Rule, b: Rule): boolean {
  return (
    servicesOverlap(a.services, b.services) &&
    families.some(
      (family) =>
        meet(areas(a.to, family), areas(b.to, family)) && meet(areas(a.from, family), areas(b.from, family)),
    )
  );
}

/** Whether no packet at all can match: its blocks are of different families, or what they except leaves nothing. */
export function matchesNothing({ to, from }: Rule): boolean {
  return families.every((family) => isEmpty(areas(to, family)) || isEmpty(areas(from, family)));
}

const families: readonly Family[] = [4, 6];
const everything: Readonly<Record<Family, Net>> = {
  4: netOf(parseCidr("every IPv4 address", "0.0.0.0/0")),
  6: netOf(parseCidr("every IPv6 address", "::/0")),
};

/** The addresses of a network without its holes. */
type Area = { readonly net: Net; readonly holes: readonly Net[] };

function areas(blocks: readonly Block[], family: Family): readonly Area[] {
  if (blocks.length === 0) return [{ net: everything[family], holes: [] }];
  return blocks
    .filter(({ cidr }) => cidr.family === family)
    .map(({ cidr, except }) => ({ net: netOf(cidr), holes: except.map(netOf) }));
}

function isEmpty(all: readonly Area[]): boolean {
  return isWithin(all, []);
}

function isWithin(inner: readonly Area[], outer: readonly Area[]): boolean {
  return inner.every(({ net, holes }) => isFilled(net, holes, outer));
}

function meet(some: readonly Area[], others: readonly Area[]): boolean {
  return some.some((a) =>
    others.some((b) => {
      if (!intersects(a.net, b.net)) return false;
      const common = covers(a.net, b.net) ? b.net : a.net;
      return !isFilled(common, [...a.holes, ...b.holes], []);
    }),
  );
}

/**
 * Whether every address of `net` is in a hole or in one of the areas. Where something lies across it, both halves are asked
 * about what is near them; a single address is always decided.
 */
function isFilled(net: Net, holes: readonly Net[], filling: readonly Area[]): boolean {
  const nearHoles = holes.filter((hole) => intersects(hole, net));
  if (nearHoles.some((hole) => covers(hole, net))) return true;
  const near = filling
    .filter((area) => intersects(area.net, net))
    .map((area) => ({ net: area.net, holes: area.holes.filter((hole) => intersects(hole, net)) }))
    .filter((area) => !area.holes.some((hole) => covers(hole, net)));
  if (near.some((area) => covers(area.net, net) && area.holes.length === 0)) return true;
  if (near.length === 0 && nearHoles.length === 0) return false;
  return halves(net).every((half) => isFilled(half, nearHoles, near));
}

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
