import { describe, expect, it } from "vitest";
import type { Direction } from "../../../../plugin/policy/cap/caps.ts";
import { policyOf, type Saying } from "../../support/request.ts";

type Source = {
  readonly name: string;
  readonly rate: number;
  readonly say: (direction: Direction) => Saying;
};

/** Each place a cap can come from, highest rank first. */
const sources: readonly Source[] = [
  { name: "static conf", rate: 1e6, say: (way) => ({ conf: { [`${way}Rate`]: 1e6, [`${way}Burst`]: 8e4 } }) },
  {
    name: "own annotation for the interface",
    rate: 2e6,
    say: (way) => annotated(`eth0.pod-qos/${way}-bandwidth`, "2M"),
  },
  { name: "own annotation", rate: 3e6, say: (way) => annotated(`pod-qos/${way}-bandwidth`, "3M") },
  {
    name: "capability",
    rate: 4e6,
    say: (way) => ({ bandwidth: { [`${way}Rate`]: 4e6, [`${way}Burst`]: 1e5 } }),
  },
  {
    name: "kubernetes.io annotation",
    rate: 5e6,
    say: (way) => annotated(`kubernetes.io/${way}-bandwidth`, "5M"),
  },
  {
    name: "the namespace's annotation for the interface",
    rate: 5.5e6,
    say: (way) => ({ ofNamespace: { [`eth0.pod-qos/${way}-bandwidth`]: "5500k" } }),
  },
  { name: "defaults", rate: 6e6, say: (way) => ({ conf: { defaults: { [`${way}Bandwidth`]: "6M" } } }) },
];
const directions = ["ingress", "egress"] as const;

/** Every set of places that speak at once. */
const combinations = Array.from({ length: 2 ** sources.length - 1 }, (_, at) =>
  sources.filter((_source, bit) => ((at + 1) & (1 << bit)) !== 0),
);

describe.each(directions)("004-2 004-3 the cap of %s", (direction) => {
  it.each(combinations.map((speaking) => ({ speaking, names: speaking.map(({ name }) => name).join(", ") })))(
    "comes from the first of: $names",
    ({ speaking }) => {
      const policy = policyOf(merged(speaking.map(({ say }) => say(direction))));
      expect(policy[direction]?.rate).toBe(speaking[0]?.rate);
      expect(policy[direction === "ingress" ? "egress" : "ingress"]).toBeUndefined();
    },
  );
});

it("004-9 there is no cap, and no mark, when nobody says anything", () => {
  const policy = policyOf({});
  expect(policy).toEqual({
    ingress: undefined,
    egress: undefined,
    rules: [],
    discipline: "shape",
    enforce: "auto",
    warnings: [],
  });
});

it("004-5 the two directions are independent", () => {
  const policy = policyOf(
    merged([annotated("pod-qos/egress-bandwidth", "10M"), { bandwidth: { IngressRate: 2e7 } }]),
  );
  expect([policy.egress?.rate, policy.ingress?.rate]).toEqual([10e6, 20e6]);
});

it("a cap knows the field it came from, as the operator wrote it", () => {
  const policy = policyOf({ annotations: { "net1.pod-qos/egress-bandwidth": "1M" }, ifname: "net1" });
  expect(policy.egress?.source).toBe("annotation net1.pod-qos/egress-bandwidth");
});

it("runtimes send 0 for a direction without a limit", () => {
  const bandwidth = { IngressRate: 0, IngressBurst: 0, EgressRate: 1e6, EgressBurst: 4_294_967_295 };
  expect(policyOf({ bandwidth }).ingress).toBeUndefined();
});

function annotated(key: string, value: string): Saying {
  return { annotations: { [key]: value } };
}

function merged(sayings: readonly Saying[]): Saying {
  return {
    conf: Object.assign({}, ...sayings.map(({ conf }) => conf)) as Readonly<Record<string, unknown>>,
    annotations: Object.assign({}, ...sayings.map(({ annotations }) => annotations)) as Readonly<
      Record<string, string>
    >,
    ofNamespace: Object.assign({}, ...sayings.map(({ ofNamespace }) => ofNamespace)) as Readonly<
      Record<string, string>
    >,
    bandwidth: Object.assign({}, ...sayings.map(({ bandwidth }) => bandwidth)) as unknown,
  };
}
