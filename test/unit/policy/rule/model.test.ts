import * as fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { decide, type Packet } from "../../../../plugin/policy/rule/model.ts";
import { repetitions } from "../../../lab/measure/repetitions.ts";
import { nearAddress4, nearAddress6, nearCidr4, nearCidr6 } from "../../support/network.ts";
import { rulesOf, to } from "../../support/rule.ts";

const packet = (destination: string, rest: Partial<Packet> = {}): Packet => ({
  source: destination.includes(":") ? "2001:db8:1::5" : "10.244.0.5",
  destination,
  protocol: "TCP",
  port: 443,
  ...rest,
});

describe("which rule decides", () => {
  const rules = rulesOf(
    {
      dscp: 1,
      classifier: { to: [to("192.0.2.0/24", "192.0.2.128/25")], ports: [{ protocol: "TCP", port: 443 }] },
    },
    { dscp: 2, classifier: { to: [to("192.0.2.0/24"), to("2001:db8::/32")], ports: [{ protocol: "TCP" }] } },
    { dscp: 3, classifier: { from: [to("10.244.0.0/24")], ports: [{ port: 53 }] } },
    { dscp: 4, classifier: { to: [to("0.0.0.0/0")] } },
  );

  it.each([
    ["002-12 the first that matches", packet("192.0.2.1"), 0],
    ["002-19 not the one that excepts it", packet("192.0.2.200"), 1],
    ["002-20 not one of another port", packet("192.0.2.1", { port: 80 }), 1],
    ["002-20 not one of another protocol", packet("192.0.2.1", { protocol: "UDP" }), 3],
    ["002-18 one of its source", packet("198.51.100.1", { protocol: "UDP", port: 53 }), 2],
    ["002-18 not one of another source", packet("198.51.100.1", { port: 53, source: "10.1.1.1" }), 3],
    ["002-20 a port of no protocol, on each", packet("198.51.100.1", { protocol: "SCTP", port: 53 }), 2],
    ["002-31 ICMP where no ports are named", packet("192.0.2.1", { protocol: "ICMP", port: undefined }), 3],
    ["IPv6 by an IPv6 block", packet("2001:db8::1"), 1],
    ["003-17 not IPv6 by an IPv4 block", packet("2001:db8::1", { protocol: "UDP", port: 1 }), undefined],
  ])("%s", (_, sent, decided) => {
    expect(decide(rules, sent)).toBe(decided);
  });

  it.each([
    ["001-7 without a classifier every packet of both families", "2001:db9::1"],
    ["001-7 without a classifier every packet of both families", "198.51.100.1"],
  ])("%s", (_, destination) => {
    expect(decide(rulesOf({ dscp: 1 }), packet(destination))).toBe(0);
  });
});

/** Upstream's e2e of host network traffic, with the order of the guide: there the later rule wins, here the first. */
describe("upstream's three rules for one CIDR", () => {
  const cidr = to("172.18.0.0/16");
  const rules = rulesOf(
    { dscp: 34, classifier: { to: [cidr], ports: [{ protocol: "TCP", port: 80 }] } },
    { dscp: 33, classifier: { to: [cidr], ports: [{ protocol: "TCP", port: 9090 }] } },
    { dscp: 32, classifier: { to: [cidr] } },
  );

  it.each([
    ["ICMP", undefined, "172.18.0.4", 32],
    ["TCP", 9090, "172.18.0.4", 33],
    ["TCP", 80, "172.18.0.4", 34],
    ["TCP", 8080, "172.18.0.4", 32],
    ["TCP", 80, "172.19.0.4", undefined],
  ])("002-12 %s %s to %s is marked %s", (protocol, port, destination, dscp) => {
    const decided = decide(rules, packet(destination, { protocol, port }));
    expect(decided === undefined ? undefined : rules[decided]?.dscp).toBe(dscp);
  });
});

type WrittenBlock = { readonly cidr: string; readonly except?: readonly string[] };

/** Written again with another library and no code of ours: the words of the contract. */
function naive(written: readonly Written[], sent: Packet): number | undefined {
  const found = written.findIndex(
    ({ to: blocks, from, ports }) =>
      isIn(sent.destination, blocks) &&
      isIn(sent.source, from) &&
      (ports.length === 0 ||
        ports.some(
          ({ protocol, port }) =>
            (protocol === undefined
              ? ["TCP", "UDP", "SCTP"].includes(sent.protocol)
              : protocol === sent.protocol) &&
            (port === undefined || port === sent.port),
        )),
  );
  return found < 0 ? undefined : found;
}

function isIn(address: string, blocks: readonly WrittenBlock[]): boolean {
  return (
    blocks.length === 0 ||
    blocks.some(
      ({ cidr, except = [] }) => within(address, cidr) && !except.some((hole) => within(address, hole)),
    )
  );
}

function within(address: string, cidr: string): boolean {
  const one = ipaddr.parse(address);
  const block = ipaddr.parseCIDR(cidr);
  return one.kind() === block[0].kind() && one.match(block);
}

function prefixOf(cidr: string): number {
  return Number(cidr.split("/")[1]);
}

type Written = {
  readonly to: readonly WrittenBlock[];
  readonly from: readonly WrittenBlock[];
  readonly ports: readonly { readonly protocol?: string; readonly port?: number }[];
};

const block = fc
  .oneof(
    fc.tuple(nearCidr4, fc.array(nearCidr4, { maxLength: 3 })),
    fc.tuple(nearCidr6, fc.array(nearCidr6, { maxLength: 3 })),
  )
  .map(([cidr, holes]): WrittenBlock => {
    const inside = (hole: string) =>
      prefixOf(hole) > prefixOf(cidr) && within(hole.split("/")[0] ?? "", cidr);
    return { cidr, except: holes.filter(inside) };
  });
const blocks = fc.array(block, { maxLength: 3 });
const service = fc.constantFrom(
  { protocol: "TCP" },
  { protocol: "UDP" },
  { protocol: "TCP", port: 80 },
  { protocol: "SCTP", port: 80 },
  { port: 53 },
);
const written = fc.array(
  fc.record({ to: blocks, from: blocks, ports: fc.array(service, { maxLength: 2 }) }),
  { maxLength: 5 },
);
const sent = fc
  .tuple(
    fc.oneof(fc.tuple(nearAddress4, nearAddress4), fc.tuple(nearAddress6, nearAddress6)),
    fc.constantFrom<readonly [string, number | undefined]>(
      ["TCP", 80],
      ["TCP", 53],
      ["UDP", 53],
      ["SCTP", 80],
      ["ICMP", undefined],
    ),
  )
  .map(([[source, destination], [protocol, port]]): Packet => ({ source, destination, protocol, port }));

it("decides as a naive reading of the rules does, whatever the rules and the packet", () => {
  let decided = 0;
  fc.assert(
    fc.property(written, sent, (list, one) => {
      const rules = rulesOf(
        ...list.map(({ ports, ...sides }) => ({
          classifier: {
            to: sides.to.map((ipBlock) => ({ ipBlock })),
            from: sides.from.map((ipBlock) => ({ ipBlock })),
            ports,
          },
        })),
      );
      const expected = naive(list, one);
      decided += Number(expected !== undefined);
      expect(decide(rules, one)).toBe(expected);
    }),
    { numRuns: repetitions(20_000) },
  );
  expect(decided).toBeGreaterThan(200);
});
