/** What the kernel is to do with a packet, in the plainest words: the reference for tests, and what explain tells. Pure. */
import { parseAddress, type Address } from "../address/address.ts";
import { contains, netOf } from "../address/cidr.ts";
import { destinationsOf, type Block, type Rule, type Service } from "./rule.ts";

export type Packet = {
  readonly source: string;
  readonly destination: string;
  /** As IANA names it; rules know TCP, UDP and SCTP. */
  readonly protocol: string;
  /** Destination port, where the protocol has one. */
  readonly port: number | undefined;
};

/** Which rule decides: the first that matches. */
export function decide(rules: readonly Rule[], packet: Packet): number | undefined {
  const source = parseAddress(packet.source);
  const destination = parseAddress(packet.destination);
  if (source === undefined || destination === undefined || source.family !== destination.family) {
    throw new Error(`no packet goes from ${packet.source} to ${packet.destination}`);
  }
  const first = rules.findIndex(
    (rule) =>
      isIn(destinationsOf(rule), destination) &&
      isIn(rule.from.length === 0 ? undefined : rule.from, source) &&
      isOf(rule.services, packet.protocol, packet.port),
  );
  return first < 0 ? undefined : first;
}

/** undefined: anywhere. */
function isIn(blocks: readonly Block[] | undefined, address: Address): boolean {
  return (
    blocks === undefined ||
    blocks.some(
      ({ cidr, except }) =>
        contains(netOf(cidr), address) && !except.some((inner) => contains(netOf(inner), address)),
    )
  );
}

function isOf(services: readonly Service[], protocol: string, port: number | undefined): boolean {
  return (
    services.length === 0 ||
    services.some(
      (service) => service.protocol === protocol && (service.port === undefined || service.port === port),
    )
  );
}
