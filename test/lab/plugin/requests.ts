/** Requests of any kind, good and bad: what a conf, a pod and a link may come to be in one ADD. */
import * as fc from "fast-check";
import { badAnnotations } from "./bad-annotations.ts";
import { badConfs } from "./bad-conf.ts";
import { bulkLabel, uplink200 } from "../uplink/uplink.ts";

export interface AnyRequest {
  readonly conf: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly namespace: string | undefined;
  readonly ifname: string;
  readonly link: "veth" | "macvlan";
  readonly mtu: number;
  readonly addresses: readonly string[];
}

const rate = fc.constantFrom("1k", "8k", "64k", "1M", "20M", "113M", "1G", "40G");
const dscp = fc.constantFrom<unknown>(0, 20, 63, "EF", "AF21", "CS1");

const cidr4 = fc.constantFrom("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24");
const cidr6 = fc.constantFrom("::/0", "2001:db8::/32");
const block = fc.oneof(cidr4, cidr6).map((cidr) => ({ ipBlock: { cidr } }));
const port = fc.record(
  { protocol: fc.constantFrom("TCP", "UDP", "SCTP"), port: fc.integer({ min: 1, max: 65_535 }) },
  { requiredKeys: ["protocol"] },
);
const rule = fc.record(
  {
    dscp,
    bandwidth: fc.record(
      {
        rate: fc.constantFrom(8, 1000, 5000, 100_000),
        burst: fc.constantFrom(100, 4000),
        discipline: fc.constantFrom("police", "shape"),
      },
      { requiredKeys: ["rate"] },
    ),
    classifier: fc.record(
      {
        to: fc.array(block, { maxLength: 2 }),
        from: fc.array(block, { maxLength: 1 }),
        ports: fc.array(port, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);
const rules = fc.array(rule, { minLength: 1, maxLength: 4 });

const goodConf = fc.record(
  {
    capabilities: fc.constantFrom(
      {},
      { portMappings: true },
      { bandwidth: true },
      { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
    ),
    defaults: fc.record({ ingressBandwidth: rate, egressBandwidth: rate, dscp }, { requiredKeys: [] }),
    enforce: fc.constantFrom("auto", "pod", "host"),
    discipline: fc.constantFrom("shape", "police"),
    egress: rules,
    uplink: fc.constantFrom<object>(
      { ...uplink200, device: "up0" },
      {
        device: "up0",
        rate: "1G",
        default: "rest",
        classes: { rest: { rate: "10M", dscp: "AF11" }, bulk: { rate: "1M", ceil: "1G", dscp: "CS1" } },
      },
    ),
    policyDir: fc.constantFrom("/etc/cni/policies", "/etc/cni/no-policies"),
  },
  { requiredKeys: [] },
);
const staticCap = fc
  .tuple(fc.constantFrom("ingress", "egress"), fc.constantFrom(8e6, 1e8), fc.constantFrom(1e5, 8e6))
  .map(([direction, bits, burst]) => ({ [`${direction}Rate`]: bits, [`${direction}Burst`]: burst }));
const oldVersion = fc.constant({ cniVersion: "0.2.0" });

/** Of the network's own name there is more than one run of this on a node: what is wrong with it is not asked here. */
const wrongConf = fc
  .constantFrom(...badConfs.flatMap(({ conf }) => (conf === undefined || "name" in conf ? [] : [conf])))
  .filter((conf) => !("runtimeConfig" in conf) && !("stateDir" in conf));

const conf = fc
  .tuple(goodConf, often(staticCap, 4), often(oldVersion, 20), often(wrongConf, 10))
  .map((parts): AnyRequest["conf"] => Object.assign({}, ...parts) as AnyRequest["conf"]);

const goodAnnotations = fc.record(
  {
    "kubernetes.io/ingress-bandwidth": rate,
    "kubernetes.io/egress-bandwidth": rate,
    "pod-qos/ingress-bandwidth": rate,
    "pod-qos/egress-bandwidth": rate,
    "pod-qos/egress-burst": fc.constantFrom("12k", "1M", "80M"),
    "pod-qos/discipline": fc.constantFrom("shape", "police"),
    "pod-qos/dscp": dscp.map(String),
    "pod-qos/egress": rules.map((list) => JSON.stringify(list)),
    "net1.pod-qos/dscp": dscp.map(String),
    "net1.pod-qos/egress-bandwidth": rate,
    // Nearly right, which is let pass with a warning.
    "kubernetes.io/ingres-bandwidth": rate,
    "example.com/other": fc.constant("text"),
  },
  { requiredKeys: [] },
);
const classOf = fc.constantFrom("default", "bulk-seed", "rest", "bulk", "none").map((name) => ({
  "pod-qos/class": name,
}));
const wrongAnnotations = fc.constantFrom(
  ...badAnnotations.flatMap(({ annotations }) => (isTexts(annotations) ? [annotations] : [])),
);
const annotations = fc
  .tuple(goodAnnotations, often(classOf, 6), often(wrongAnnotations, 10))
  .map((parts): Readonly<Record<string, string>> => Object.assign({}, ...parts) as Record<string, string>);

export const anyRequest: fc.Arbitrary<AnyRequest> = fc.record({
  conf,
  annotations: fc.option(annotations, { nil: undefined, freq: 5 }),
  labels: fc.constantFrom<AnyRequest["labels"]>(undefined, {}, { app: "web" }, bulkLabel),
  namespace: fc.constantFrom(undefined, "prod", "default"),
  ifname: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("eth0", "net1") }, fc.constant("a+b")),
  link: fc.constantFrom("veth", "macvlan"),
  mtu: fc.constantFrom(1500, 1280, 576),
  addresses: fc.constantFrom(["198.51.100.7/24", "2001:db8:7::7/64"], ["198.51.100.8/24"], []),
});

/** One in so many has it; the others have nothing of it. */
function often<Value extends object>(one: fc.Arbitrary<Value>, inSoMany: number): fc.Arbitrary<object> {
  return fc.oneof({ weight: inSoMany - 1, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: one });
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((text) => typeof text === "string")
  );
}
