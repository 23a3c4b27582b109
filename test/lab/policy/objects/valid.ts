/** EgressQoS and NetworkQoS that say all that can be said, at random, each of them valid. */
import * as fc from "fast-check";
import { v6Text } from "../../../unit/support/network.ts";

export type PolicyObject = {
  readonly apiVersion: string;
  readonly kind: "EgressQoS" | "NetworkQoS";
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
};

const word = fc.constantFrom("a", "web", "A-1.b_c", "0", "x".repeat(63));
const key = fc.oneof(word, fc.constantFrom("example.com/role", "a.b-c/d", "app.kubernetes.io/part-of"));
const labelValue = fc.oneof(word, fc.constant(""));
const labels = fc.dictionary(key, labelValue, { maxKeys: 3 });

const some = <Value>(value: fc.Arbitrary<Value>, least: number, most: number): fc.Arbitrary<Value[]> =>
  fc.array(value, { minLength: least, maxLength: most, size: "max" });

const requirement = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("In", "NotIn"), values: some(labelValue, 1, 3) }),
  fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
  fc.record({ key, operator: fc.constant("Exists"), values: fc.constant([]) }),
);

const selector = fc.record(
  { matchLabels: labels, matchExpressions: some(requirement, 0, 2) },
  { requiredKeys: [] },
);

const sayingSelector = fc.oneof(
  fc.record({ matchLabels: fc.dictionary(key, labelValue, { minKeys: 1, maxKeys: 2 }) }),
  fc.record({ matchExpressions: some(requirement, 1, 2) }),
);

type Family = { readonly text: fc.Arbitrary<string>; readonly bits: number };
const four: Family = { text: fc.ipV4(), bits: 32 };
/** None of ::ffff:0:0/96: those are for the mutations. */
const six: Family = { text: v6Text.filter((text) => !/ffff/i.test(text)), bits: 128 };

const cidrOf = ({ text, bits }: Family): fc.Arbitrary<string> =>
  fc.tuple(text, fc.integer({ min: 0, max: bits })).map(([address, prefix]) => `${address}/${prefix}`);
const cidr = fc.oneof(cidrOf(four), cidrOf(six));

/** What starts where the block starts, and is shorter, is inside it. */
const ipBlock = fc.constantFrom(four, six).chain(({ text, bits }) =>
  fc
    .tuple(text, fc.integer({ min: 0, max: bits - 1 }), fc.option(some(fc.nat(bits), 0, 3)), fc.boolean())
    .map(([address, prefix, inner, isBare]) => ({
      cidr: `${address}/${prefix}`,
      ...(inner === null
        ? {}
        : { except: inner.map((more) => within(address, Math.min(bits, prefix + 1 + more), bits, isBare)) }),
    })),
);

const within = (address: string, prefix: number, bits: number, isBare: boolean): string =>
  isBare && prefix === bits ? address : `${address}/${prefix}`;

const dscp = fc.integer({ min: 0, max: 63 });
const uint32 = fc.integer({ min: 1, max: 0xffff_ffff });

const bandwidth = fc.record(
  { rate: uint32, burst: uint32, discipline: fc.constantFrom("police", "shape") },
  { requiredKeys: ["rate"] },
);

const port = fc.integer({ min: 1, max: 65_535 });
const protocol = fc.constantFrom("TCP", "UDP", "SCTP");
const service = fc.oneof(fc.record({ protocol }), fc.record({ port }), fc.record({ protocol, port }));
const block = fc.record({ ipBlock });
const peer = fc.oneof(
  { weight: 3, arbitrary: block },
  { weight: 1, arbitrary: fc.record({ podSelector: selector }) },
  { weight: 1, arbitrary: fc.record({ namespaceSelector: selector }) },
  { weight: 1, arbitrary: fc.record({ podSelector: selector, namespaceSelector: selector }) },
);

const classifier = fc.record(
  { to: some(peer, 0, 3), from: some(block, 0, 2), ports: some(service, 0, 3) },
  { requiredKeys: [] },
);
const rule = fc.record({ dscp, bandwidth, classifier }, { requiredKeys: ["dscp"] });

const ofBoth = fc.record({ namespaceSelector: selector, networkSelector: sayingSelector });
const networkSelectors = fc
  .tuple(
    fc.constant({ networkSelectionType: "DefaultNetwork" }),
    fc.record({
      networkSelectionType: fc.constant("ClusterUserDefinedNetworks"),
      clusterUserDefinedNetworkSelector: fc.record({ networkSelector: sayingSelector }),
    }),
    fc.record({
      networkSelectionType: fc.constant("PrimaryUserDefinedNetworks"),
      primaryUserDefinedNetworkSelector: fc.record({ namespaceSelector: selector }),
    }),
    fc.record({
      networkSelectionType: fc.constant("SecondaryUserDefinedNetworks"),
      secondaryUserDefinedNetworkSelector: ofBoth,
    }),
    fc.record({
      networkSelectionType: fc.constant("NetworkAttachmentDefinitions"),
      networkAttachmentDefinitionSelector: ofBoth,
    }),
  )
  .chain((all) => fc.subarray<object>(all, { minLength: 1 }));

/** Few rules mostly, and as many as there may be. */
const rulesUpTo = <Value>(one: fc.Arbitrary<Value>, most: number): fc.Arbitrary<Value[]> =>
  fc.oneof({ weight: 9, arbitrary: some(one, 0, 3) }, { weight: 1, arbitrary: some(one, most, most) });

const metadata = (name: fc.Arbitrary<string>) => fc.record({ name, labels }, { requiredKeys: ["name"] });

const networkQos: fc.Arbitrary<PolicyObject> = fc.record({
  apiVersion: fc.constant("k8s.ovn.org/v1alpha1"),
  kind: fc.constant("NetworkQoS"),
  metadata: metadata(fc.constantFrom("default", "qos-external", "a.b")),
  spec: fc.record(
    {
      priority: fc.integer({ min: 0, max: 100 }),
      podSelector: selector,
      networkSelectors,
      egress: rulesUpTo(rule, 20),
    },
    { requiredKeys: ["priority", "egress"] },
  ),
});

const egressQos: fc.Arbitrary<PolicyObject> = fc.record({
  apiVersion: fc.constant("k8s.ovn.org/v1"),
  kind: fc.constant("EgressQoS"),
  metadata: metadata(fc.constant("default")),
  spec: fc.record({
    egress: rulesUpTo(
      fc.record({ dscp, dstCIDR: cidr, podSelector: selector }, { requiredKeys: ["dscp"] }),
      30,
    ),
  }),
});

export const validObject: fc.Arbitrary<PolicyObject> = fc.oneof(
  { weight: 3, arbitrary: networkQos },
  { weight: 1, arbitrary: egressQos },
);
