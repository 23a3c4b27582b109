import { allowed, written, type BadInput, type Row } from "./bad-input.ts";

const inAnnotation = ([field, value, ...also]: Row): BadInput => ({
  title: `annotation ${field} ${written(value)}`,
  code: 7,
  names: [field, written(value), ...also],
  annotations: { [field]: value },
});

/** Each is wrong as a bandwidth, wherever one is written as text. */
const badBandwidths: readonly (readonly [string, ...string[]])[] = [
  [""],
  ["fast"],
  ["10 M"],
  [" 10M"],
  ["10M "],
  ["10Mbit"],
  ["10MB"],
  ["10mbps"],
  ["1K", 'writes kilo as "k"'],
  ["100m", '"100M"'],
  ["999"],
  ["-10M"],
  ["0"],
  ["1P1"],
  ["1000001G"],
  ["2P"],
  ["1E"],
  ["0x100000"],
  ["1e99"],
  ["1_000_000"],
  ["10M\n"],
  ["Infinity"],
  ["NaN"],
];

const annotationRows: readonly Row[] = [
  ...badBandwidths.map(([text, ...also]): Row => ["pod-qos/egress-bandwidth", text, allowed, ...also]),
  ...badBandwidths
    .slice(0, 12)
    .map(([text, ...also]): Row => ["kubernetes.io/ingress-bandwidth", text, allowed, ...also]),
  ["kubernetes.io/egress-bandwidth", "1K"],
  ["pod-qos/ingress-bandwidth", "999"],
  ["pod-qos/egress-burst", "many", "bits"],
  ["pod-qos/ingress-burst", "0"],
  ["pod-qos/ingress-burst", "-1"],
  ["pod-qos/egress-burst", "32Gi", "below 32Gi"],
  ["pod-qos/discipline", "drop", "shape, police"],
  ["pod-qos/discipline", ""],
  ["pod-qos/dscp", "64", "0 to 63"],
  ["pod-qos/dscp", "-1"],
  ["pod-qos/dscp", "EF "],
  ["pod-qos/dscp", "0x2e"],
  ["pod-qos/dscp", "1e1"],
  ["pod-qos/dscp", "CS8", "CS0 to CS7"],
  ["pod-qos/dscp", ""],
  ["net1.pod-qos/dscp", "99"],
  ["eth0.pod-qos/egress-bandwidth", "1bit"],
];

const annotationKeys: readonly BadInput[] = [
  ["pod-qos/egress-bandwith", "10M"],
  ["pod-qos/", "10M"],
  ["pod-qos/DSCP", "5"],
  ["net1.pod-qos/rate", "5"],
  ["pod-qos/dscp/extra", "5"],
  ["pod-qos/__proto__", "5"],
  ["pod-qos/constructor", "5"],
].map(([key = "", text]) => ({
  title: `annotation key ${key}`,
  code: 7,
  names: [key, "egress-bandwidth", "dscp"],
  annotations: { [key]: text },
}));

const classAnnotations: readonly BadInput[] = ["pod-qos/class", "eth0.pod-qos/class"].map((key) => ({
  title: `annotation ${key} without an uplink in the conf`,
  code: 7,
  names: [key, '"x"', "uplink"],
  annotations: { [key]: "x" },
}));

const shapes: readonly BadInput[] = [
  {
    title: "annotations that are no object",
    code: 7,
    names: ["pod-annotations", '"text"'],
    annotations: "text",
  },
  {
    title: "an annotation that is no text",
    code: 7,
    names: ["pod-qos/dscp", "5"],
    annotations: { "pod-qos/dscp": 5 },
  },
  {
    title: "a capability that is no object",
    code: 7,
    names: ["runtimeConfig.bandwidth", '"10M"'],
    bandwidth: "10M",
  },
  ...["ingress", "egress"].flatMap((direction): readonly BadInput[] =>
    ["10M", 7, -5, 1.2e15, 8.5, {}].map((rate) => ({
      title: `capability ${direction}Rate ${written(rate)}`,
      code: 7,
      names: [`runtimeConfig.bandwidth.${direction}Rate`, String(typeof rate === "object" ? "{}" : rate)],
      bandwidth: { [`${direction}Rate`]: rate, [`${direction}Burst`]: 1000 },
    })),
  ),
  ...["ingress", "egress"].flatMap((direction): readonly BadInput[] =>
    [1000, 2 ** 31 - 2, -1, 1.5, "1k"].map((burst) => ({
      title: `capability ${direction}Burst ${written(burst)} without a rate`,
      code: 7,
      names: [`runtimeConfig.bandwidth.${direction}Burst`, String(burst)],
      bandwidth: { [`${direction}Rate`]: 0, [`${direction}Burst`]: burst },
    })),
  ),
  {
    title: "a burst for a direction that nothing caps",
    code: 7,
    names: ["pod-qos/egress-burst", "1M", "pod-qos/egress-bandwidth"],
    conf: { defaults: {} },
    annotations: { "pod-qos/egress-burst": "1M" },
  },
];

/** Everything wrong in what a runtime passes on for a pod. */
export const badAnnotations: readonly BadInput[] = [
  ...annotationRows.map(inAnnotation),
  ...annotationKeys,
  ...classAnnotations,
  ...shapes,
];
