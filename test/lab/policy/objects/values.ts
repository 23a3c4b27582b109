/** What stands in an object in the place of what may stand there. */
import * as fc from "fast-check";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What people write into these fields, just inside and just outside of what may be there. */
const likely: Readonly<Record<string, readonly Json[]>> = {
  priority: [-1, 0, 100, 101, 1.5, "10"],
  dscp: [-1, 0, 63, 64, 0.5, "20", "EF"],
  rate: [0, 1, 2 ** 32 - 1, 2 ** 32, "1M", 1.5],
  burst: [0, 1, 2 ** 32 - 1, 2 ** 32, "1M", 1.5],
  port: [0, 1, 65_535, 65_536, "80", 80.5],
  discipline: ["police", "shape", "drop", ""],
  protocol: ["TCP", "UDP", "SCTP", "tcp", "TCPfoo", "xUDPy", "ICMP", ""],
  operator: ["In", "NotIn", "Exists", "DoesNotExist", "in", "Equals", ""],
  networkSelectionType: [
    "DefaultNetwork",
    "ClusterUserDefinedNetworks",
    "PrimaryUserDefinedNetworks",
    "SecondaryUserDefinedNetworks",
    "NetworkAttachmentDefinitions",
    "AllNetworks",
  ],
  networkSelectors: [[], [{}], [{ networkSelectionType: "DefaultNetwork" }], {}],
  networkSelector: [{}, { matchLabels: {} }, { matchExpressions: [] }, { matchLabels: { a: "b" } }],
  namespaceSelector: [{}, { matchLabels: {} }, { app: "a" }],
  podSelector: [{}, { matchLabels: {} }, { app: "a" }],
  matchLabels: [{}, { a: 5 }, { "-a": "b" }, { a: "b c" }, { a: null }, { a: "" }, ["a"]],
  matchExpressions: [[], [{ key: "a", operator: "In" }], [{ key: "a", operator: "Exists", values: ["b"] }]],
  values: [[], [""], ["a b"], [5], "a"],
  key: ["a", "a.b/c", "a/b/c", "A.b/c", "-a", "", "x".repeat(64), `${"y".repeat(63)}.z/k`],
  name: ["default", "other", "Other", "a.b", "a..b", "-a", "x".repeat(254), ""],
  bandwidth: [{}, { rate: 1 }, { burst: 1 }, { rate: 1, ceil: 2 }],
  classifier: [{}, { to: [], from: [], ports: [] }, { too: [] }, []],
  to: [[], [{}], [{ podSelector: {} }], [{ podSelector: {}, ipBlock: { cidr: "::/0" } }], {}],
  from: [[], [{}], [{ podSelector: {} }], [{ ipBlock: { cidr: "::/0" } }]],
  ports: [[], [{}], [{ port: 80 }], [{ protocol: "TCP" }], [80]],
  egress: [[], [{}], [{ dscp: 1 }], {}],
  spec: [{}, [], { priority: 1 }, { egress: [] }],
};

const addresses =
  "10.0.0.0/8 10.1.2.3/8 10.0.0.1 10.0.0.0/33 010.0.0.0/8 10.0.0.0/08 1.2.3/8 ::/0 ::1 0.0.0.0/0 /8 10.0.0.0/ " +
  "::ffff:10.0.0.0/104 ::ffff:10.0.0.1 ::ffff:0:0/95 2001:db8::/129 fe80::1%eth0/64 abc&!ABC/24 " +
  "2001:::::::7334/158 2001:0DB8::1.2.3.4/128 10.0.0.0/8/8 10.0.0.0/+8";

const addressFields: ReadonlySet<string> = new Set(["cidr", "except", "dstCIDR"]);

/** undefined where there is nothing that is likelier in this field than elsewhere. */
export const likelyIn = (field: string): readonly Json[] | undefined =>
  addressFields.has(field) ? addresses.split(" ") : likely[field];

const anywhere: readonly Json[] = [
  true,
  false,
  null,
  "",
  "a b",
  "ä",
  " 10.0.0.0/8",
  "10.0.0.0/8\n",
  "x".repeat(64),
  -1,
  1,
  1.5,
  2 ** 53,
  1e300,
  [],
  {},
  [null],
  [{}],
  [""],
  ["10.0.0.0/8"],
  { dscp: 1 },
];

/** Whatever the two readers of addresses might read differently. */
const addressLike = fc
  .array(fc.constantFrom(..."0123456789af:./:.1", "::", "ffff", "/2"), { minLength: 1, maxLength: 14 })
  .map((pieces) => pieces.join(""));

export const anyValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...anywhere, ...addresses.split(" ")) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 70_000 }) },
  { weight: 1, arbitrary: addressLike },
);
