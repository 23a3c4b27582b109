/** What one pod of a network is decided by, as it is at a moment, in the words of who writes it. Pure. */

/** A NetworkQoS; whichever selects the pod matches a packet to `everywhere`. */
export type Qos = {
  readonly priority: number;
  readonly dscp: number;
  readonly rate: number | undefined;
  readonly to: string | undefined;
  readonly selects: "all" | "web" | "nobody";
};

export type ClassName = "gold" | "silver" | "bronze";

export type Input = {
  readonly zeta: Qos | undefined;
  readonly alpha: Qos | undefined;
  /** Marks of the EgressQoS, the first without a selector counts. */
  readonly marks: readonly number[] | undefined;
  readonly egress: string | undefined;
  readonly ingress: string | undefined;
  readonly discipline: "shape" | "police";
  /** The classes with a selector, in the order in which they are asked. */
  readonly classes: readonly ["gold", "silver"] | readonly ["silver", "gold"];
  /** The class of pods that no selector takes. */
  readonly fallback: ClassName | undefined;
  readonly rate: string;
  /** Something that cannot be: nothing may change by it. */
  readonly broken: "object" | "conf" | "text" | undefined;
};

/** What a runtime says of the pod with ADD. */
export type Said = {
  readonly isGold: boolean;
  readonly isSilver: boolean;
  /** The annotation, which outranks the conf's. */
  readonly cap: string | undefined;
};

export const everywhere = "203.0.113.1";

export const classOf = ({ classes, fallback }: Input, { isGold, isSilver }: Said): ClassName | "rest" =>
  classes.find((name) => (name === "gold" ? isGold : isSilver)) ?? fallback ?? "rest";

export const selectsPod = (qos: Qos | undefined): boolean => qos !== undefined && qos.selects !== "nobody";

export const labelsOf = ({ isGold, isSilver }: Said): Readonly<Record<string, string>> => ({
  app: "web",
  ...(isGold && { tier: "gold" }),
  ...(isSilver && { site: "silver" }),
});

/** The entry of the conflist. */
export const entryOf = (
  { egress, ingress, discipline, classes, fallback, rate, broken }: Input,
  place: { readonly device: string; readonly policyDir?: string; readonly prefix?: string },
): Readonly<Record<string, unknown>> => {
  const { device, policyDir, prefix = device } = place;
  const selectors = { gold: { tier: "gold" }, silver: { site: "silver" } };
  const withSelector = classes.map((name) => [
    name,
    { rate: "20M", ceil: "200M", set: `${prefix}-${name}`, podSelector: { matchLabels: selectors[name] } },
  ]);
  return {
    type: "pod-qos",
    capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
    ...(policyDir !== undefined && { policyDir }),
    discipline: broken === "conf" ? "neither" : discipline,
    defaults: {
      ...(egress !== undefined && { egressBandwidth: egress }),
      ...(ingress !== undefined && { ingressBandwidth: ingress }),
      ...(fallback !== undefined && { class: fallback }),
    },
    uplink: {
      device,
      rate: "200M",
      default: "rest",
      classes: {
        rest: { rate: "50M" },
        ...Object.fromEntries(withSelector),
        bronze: { rate, ceil: "200M", set: `${prefix}-bronze`, dscp: "CS1" },
      },
    },
  };
};

type Policy = {
  readonly name: string;
  readonly kind: "NetworkQoS" | "EgressQoS";
  readonly object: { readonly spec: Spec; readonly [key: string]: unknown };
};

type Spec = {
  readonly podSelector?: { readonly matchLabels?: object };
  readonly [key: string]: unknown;
};

/** The objects of a namespace, by their kind and name. */
export const objectsOf = ({ zeta, alpha, marks, broken }: Input, namespace: string): readonly Policy[] => [
  ...[{ name: "zeta", qos: zeta } as const, { name: "alpha", qos: alpha } as const].flatMap(({ name, qos }) =>
    qos === undefined ? [] : [networkQos(namespace, name, broken === "object" ? { ...qos, dscp: 99 } : qos)],
  ),
  ...(marks === undefined ? [] : [egressQos(namespace, marks)]),
];

const networkQos = (namespace: string, name: string, { priority, dscp, rate, to, selects }: Qos): Policy => {
  const selector = {
    all: {},
    web: { matchLabels: { app: "web" } },
    nobody: { matchLabels: { app: "none" } },
  };
  const rule = {
    dscp,
    ...(rate !== undefined && { bandwidth: { rate } }),
    ...(to !== undefined && { classifier: { to: [{ ipBlock: { cidr: to } }] } }),
  };
  return {
    name,
    kind: "NetworkQoS",
    object: {
      apiVersion: "k8s.ovn.org/v1alpha1",
      kind: "NetworkQoS",
      metadata: { name, namespace },
      spec: { priority, podSelector: selector[selects], egress: [rule] },
    },
  };
};

const egressQos = (namespace: string, marks: readonly number[]): Policy => ({
  name: "default",
  kind: "EgressQoS",
  object: {
    apiVersion: "k8s.ovn.org/v1",
    kind: "EgressQoS",
    metadata: { name: "default", namespace },
    spec: {
      egress: marks.map((dscp, at) => ({
        dscp,
        ...(at < marks.length - 1 && { podSelector: { matchLabels: { app: "web" } } }),
      })),
    },
  },
});
