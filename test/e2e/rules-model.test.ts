/** Whatever the rules and whatever the packet: the kernel decides as the pure model does. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decide } from "../../plugin/policy/rule/model.ts";
import { parseRules } from "../../plugin/policy/rule/rules.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { sendAndSee, type Packet } from "../lab/traffic/packets.ts";
import { nodeEnd, podWith } from "../lab/plugin/ruled-pod.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** Few different ones, so that rules and packets meet. */
const address4 = fc.tuple(
  fc.constantFrom(10, 172),
  fc.constantFrom(0, 1, 16),
  fc.nat(2),
  fc.integer({ min: 1, max: 6 }),
);
const address6 = fc.tuple(fc.constantFrom("f00", "f01"), fc.nat(2), fc.integer({ min: 1, max: 6 }));
const text4 = address4.map((octets) => octets.join("."));
const text6 = address6.map(([head, net, host]) => `2001:db8:${head}:${net}::${host}`);
const cidr4 = fc.tuple(text4, fc.constantFrom(0, 1, 8, 12, 16, 23, 24, 29, 31, 32));
const cidr6 = fc.tuple(text6, fc.constantFrom(0, 1, 31, 47, 48, 63, 64, 125, 127, 128));

/** Exceptions lie inside their block, as validation wants them: lengthened prefixes of other addresses that do. */
const block = fc
  .oneof(
    fc.tuple(cidr4, fc.array(cidr4, { maxLength: 3 })),
    fc.tuple(cidr6, fc.array(cidr6, { maxLength: 3 })),
  )
  .map(([[address, prefix], holes]) => ({
    ipBlock: { cidr: `${address}/${prefix}`, except: holes.map(([hole, length]) => `${hole}/${length}`) },
  }));
const port = fc.constantFrom(53, 80, 443, 8443, 36412);
const protocol = fc.constantFrom("TCP", "UDP", "SCTP");
const service = fc.oneof(fc.record({ protocol }), fc.record({ protocol, port }), fc.record({ port }));
const classifier = fc.record({
  to: fc.array(block, { maxLength: 3 }),
  from: fc.array(block, { maxLength: 1 }),
  ports: fc.array(service, { maxLength: 3 }),
});

const ownAddress4 = "10.0.1.77";
const ownAddress6 = "2001:db8:f00:1::77";
const packet: fc.Arbitrary<Packet> = fc
  .tuple(
    fc.oneof(text4, text6),
    fc.boolean(),
    fc.constantFrom<Packet["protocol"]>("TCP", "UDP", "SCTP", "ICMP", "GRE"),
    port,
  )
  .map(([destination, fromOwn, name, number]) => ({
    destination,
    protocol: name,
    port: number,
    ...(fromOwn ? { source: destination.includes(":") ? ownAddress6 : ownAddress4 } : {}),
  }));

it("the decision of the model is what the receiver sees, on 300 packets and more", async () => {
  const lists = repetitions(120);
  const packetsEach = 30;
  const candidates = fc.sample(fc.array(classifier, { minLength: 2, maxLength: 10 }), {
    seed,
    numRuns: lists * 3,
  });
  const packets = fc.sample(packet, { seed, numRuns: lists * packetsEach });
  let decided = 0;
  for (let round = 0; round < lists; round += 1) {
    const classifiers = candidates
      .slice(round * 3, round * 3 + 3)
      .flat()
      .flatMap(valid);
    // A mark of its own for each rule tells which one decided.
    const egress = classifiers.slice(0, 60).map((each, at) => ({ dscp: at + 1, classifier: each }));
    const rules = parseRules("egress", egress, "own list");
    const { pod, wire, end } = await podWith(node, { conf: { egress } });
    await pod.exec("ip", ["address", "add", `${ownAddress4}/32`, "dev", "eth0"]);
    await pod.exec("ip", ["address", "add", `${ownAddress6}/128`, "dev", "eth0", "nodad"]);
    // Left to itself the kernel takes whichever source is nearer to the destination.
    const mine = packets.slice(round * packetsEach, (round + 1) * packetsEach).map((each) => ({
      source: each.destination.includes(":") ? wire.pod6 : wire.pod4,
      ...each,
    }));
    const seen = await sendAndSee(node, pod, nodeEnd(node, wire), mine);
    const expected = mine.map((each) => ((decide(rules, { ...each, port: each.port }) ?? -1) + 1) << 2);
    decided += expected.filter((tos) => tos !== 0).length;
    const wrong = mine.flatMap((each, at) =>
      seen[at] === expected[at] ? [] : [{ ...each, seen: seen[at], expected: expected[at] }],
    );
    expect(wrong, `${seedSaid}, list ${round}: ${JSON.stringify(egress)}`).toEqual([]);
    await end();
  }
  // A run in which hardly any rule met a packet would show nothing.
  expect(decided).toBeGreaterThan(lists * packetsEach * 0.25);
});

/** Only what validation lets through: exceptions of the same family, inside their block. */
const valid = (candidate: object): readonly object[] => {
  try {
    parseRules("egress", [{ dscp: 1, classifier: candidate }], "own list");
    return [candidate];
  } catch {
    return [];
  }
};
