/** What a Namespace says for its pods (1.9.3, 1.9.4), whoever has brought it: the agent, what an agent left, a manifest. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Annotations } from "../../../plugin/cni/request.ts";
import { decide, type Decision } from "../../../plugin/attachment/decide.ts";
import type { Knowledge } from "../../../plugin/knowledge/knowledge.ts";
import { namespaceOf, snapshotOf } from "../support/api.ts";
import { knowing, podRequest, type PodSaying } from "../support/known.ts";
import { asyncRefusal } from "../support/refusal.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-namespace-"));
afterAll(() => rmSync(root, { recursive: true }));

const snapshot = (annotations: Annotations) =>
  snapshotOf({ namespaces: { prod: namespaceOf({}, annotations) } });

function manifestOf(annotations: object): string {
  const policyDir = mkdtempSync(join(root, "policies-"));
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: "prod", annotations } };
  writeFileSync(join(policyDir, "namespace.json"), JSON.stringify(object));
  return policyDir;
}

type Brought = readonly [saying: PodSaying, knowledge: Knowledge | undefined];

const bringers: Readonly<
  Record<string, (saying: PodSaying, annotations: Annotations, own: Annotations) => Brought>
> = {
  "the agent": (saying, annotations, own) => [
    saying,
    knowing({ snapshot: snapshot(annotations), annotations: own }),
  ],
  "what an agent left": (saying, annotations, own) => [
    { ...saying, annotations: own },
    knowing({ source: "stale", snapshot: snapshot(annotations) }),
  ],
  "a manifest": (saying, annotations, own) => [
    {
      ...saying,
      annotations: own,
      conf: { ...saying.conf, policyDir: manifestOf(annotations), stateDir: root },
    },
    undefined,
  ],
};

const link = { device: "eth0", speed: 1e9, mtu: 1500 };
const decided = ([saying, knowledge]: Brought): Promise<Decision> =>
  decide(podRequest(saying), "forget", knowledge, { link });

const rule = (dscp: number): string => JSON.stringify([{ dscp }]);

describe.each(Object.entries(bringers))("by %s", (_, bring) => {
  const by = (annotations: Annotations, own: Annotations = {}, saying: PodSaying = {}): Promise<Decision> =>
    decided(bring(saying, annotations, own));

  describe("a default counts where the pod says nothing, and replaces what the conf has", () => {
    it.each<[string, Annotations, Annotations, (decision: Decision) => unknown, unknown, unknown]>([
      [
        "cap",
        { "pod-qos/egress-bandwidth": "5M" },
        { "pod-qos/egress-bandwidth": "7M" },
        ({ egress }) => egress?.rate,
        5e6,
        7e6,
      ],
      [
        "cap, before which the pod's kubernetes.io pair goes",
        { "pod-qos/ingress-bandwidth": "5M" },
        { "kubernetes.io/ingress-bandwidth": "7M" },
        ({ ingress }) => ingress?.rate,
        5e6,
        7e6,
      ],
      [
        "burst",
        { "pod-qos/egress-bandwidth": "5M", "pod-qos/egress-burst": "1M" },
        { "pod-qos/egress-burst": "2M" },
        ({ egress }) => egress?.burst,
        1e6,
        2e6,
      ],
      [
        "discipline",
        { "pod-qos/discipline": "police" },
        { "pod-qos/discipline": "shape" },
        ({ discipline }) => discipline,
        "police",
        "shape",
      ],
      [
        "mark",
        { "pod-qos/dscp": "10" },
        { "pod-qos/dscp": "20" },
        ({ rules }) => rules.map(({ dscp }) => dscp),
        [10],
        [20],
      ],
      [
        "list of rules, which is not joined with the pod's",
        { "pod-qos/egress": rule(10) },
        { "pod-qos/egress": rule(20) },
        ({ rules }) => rules.map(({ dscp }) => dscp),
        [10, 8],
        [20, 8],
      ],
    ])("%s", async (_name, annotations, own, read, ofNamespace, ofPod) => {
      const conf = {
        defaults: { egressBandwidth: "1M", ...("pod-qos/egress" in annotations && { dscp: "8" }) },
      };
      expect(read(await by(annotations, {}, { conf }))).toEqual(ofNamespace);
      expect(read(await by(annotations, own, { conf }))).toEqual(ofPod);
    });

    it("class, behind a class's selector", async () => {
      const classes = {
        rest: { rate: "1M" },
        gold: { rate: "1M" },
        web: { rate: "1M", podSelector: { matchLabels: { app: "web" } } },
      };
      const conf = {
        uplink: { device: "eth0", rate: "9M", default: "rest", classes },
        defaults: { class: "web" },
      };
      const { uplink } = await by({ "pod-qos/class": "gold" }, {}, { conf });
      expect([uplink?.chosen.name, uplink?.source]).toEqual([
        "gold",
        "annotation pod-qos/class of namespace prod",
      ]);
      const own = await by({ "pod-qos/class": "gold" }, { "pod-qos/class": "rest" }, { conf });
      expect(own.uplink?.chosen.name).toBe("rest");
    });

    it("the pod's plain key goes before the namespace's for the interface, and that before its plain one", async () => {
      const annotations = { "net1.pod-qos/dscp": "10", "pod-qos/dscp": "12" };
      const markOf = async (ifname: string, own: Annotations) =>
        (await by(annotations, own, { ifname })).rules[0]?.dscp;
      expect(await markOf("net1", {})).toBe(10);
      expect(await markOf("eth0", {})).toBe(12);
      expect(await markOf("net1", { "pod-qos/dscp": "20" })).toBe(20);
    });

    it("a burst alone caps nobody, and is no mistake: it is for those of its pods that have a cap", async () => {
      expect((await by({ "pod-qos/egress-burst": "1M" })).egress).toBeUndefined();
      const capped = await by({ "pod-qos/egress-burst": "1M" }, { "kubernetes.io/egress-bandwidth": "5M" });
      expect(capped.egress).toMatchObject({ rate: 5e6, burst: 1e6 });
    });
  });

  describe("a ceiling", () => {
    const ceiling = { "pod-qos/max-egress-bandwidth": "10M" };
    const source = "annotation pod-qos/max-egress-bandwidth of namespace prod";

    it.each<[string, Annotations, Readonly<Record<string, unknown>>]>([
      ["the pod's own word", { "pod-qos/egress-bandwidth": "50M" }, {}],
      ["the kubernetes.io pair", { "kubernetes.io/egress-bandwidth": "50M" }, {}],
      ["the conf's defaults", {}, { defaults: { egressBandwidth: "50M" } }],
      ["static conf", {}, { egressRate: 50e6, egressBurst: 1e6 }],
    ])("cuts %s, and says so", async (_name, own, conf) => {
      const { egress, ingress, warnings } = await by(ceiling, own, { conf });
      expect(egress).toMatchObject({ rate: 10e6, source, cutFrom: { rate: 50e6 } });
      expect(ingress).toBeUndefined();
      expect(warnings).toContain(
        `${egress?.cutFrom?.source}: 50000000 bit/s is cut to 10000000 bit/s by ${source}`,
      );
    });

    it("cuts the namespace's own default", async () => {
      const { egress } = await by({ ...ceiling, "pod-qos/egress-bandwidth": "50M" });
      expect(egress).toMatchObject({
        rate: 10e6,
        cutFrom: { source: "annotation pod-qos/egress-bandwidth of namespace prod" },
      });
    });

    it("leaves a burst that was asked for, of the pod and of static conf", async () => {
      const own = { "pod-qos/egress-bandwidth": "50M", "pod-qos/egress-burst": "3M" };
      expect((await by(ceiling, own)).egress).toMatchObject({ rate: 10e6, burst: 3e6 });
      const conf = { egressRate: 50e6, egressBurst: 2e6 };
      expect((await by(ceiling, {}, { conf })).egress).toMatchObject({ rate: 10e6, burst: 2e6 });
    });

    it.each(["9M", "10M"])("leaves a request of %s alone", async (rate) => {
      const { egress, warnings } = await by(ceiling, { "pod-qos/egress-bandwidth": rate });
      expect(egress).toEqual({
        rate: Number.parseInt(rate, 10) * 1e6,
        source: "annotation pod-qos/egress-bandwidth",
      });
      expect(warnings).toEqual([]);
    });

    it("is the cap of a pod that asks for none, and takes the burst that it asks for", async () => {
      expect((await by(ceiling)).egress).toMatchObject({ rate: 10e6, source });
      expect((await by(ceiling, { "pod-qos/egress-burst": "3M" })).egress).toMatchObject({
        rate: 10e6,
        burst: 3e6,
      });
    });

    it("is per interface and direction", async () => {
      const ceilings = { "net1.pod-qos/max-ingress-bandwidth": "2M", "pod-qos/max-ingress-bandwidth": "4M" };
      expect((await by(ceilings, {}, { ifname: "net1" })).ingress?.rate).toBe(2e6);
      const { ingress, egress } = await by(ceilings);
      expect([ingress?.rate, egress?.rate]).toEqual([4e6, undefined]);
    });
  });

  describe("a bad value is code 7, with the namespace and the key", () => {
    it.each([
      ["pod-qos/max-egress-bandwidth", "lots"],
      ["pod-qos/max-ingress-bandwidth", "0"],
      ["pod-qos/egress-bandwidth", "lots"],
      ["pod-qos/dscp", "64"],
      ["pod-qos/discipline", "drop"],
      ["pod-qos/egress", "[{}, {"],
      ["pod-qos/egres", "[]"],
      ["net1.pod-qos/max-egress-bandwidth", "lots"],
      ["Pod-QoS/max-egress-bandwidth", "5M"],
    ])("%s", async (key, text) => {
      const error = await asyncRefusal(() => by({ [key]: text }));
      expect(error.code).toBe(7);
      expect(error.message).toContain(`annotation ${key} of namespace prod`);
    });

    it("also where the pod's own word outranks it", async () => {
      const error = await asyncRefusal(() => by({ "pod-qos/dscp": "64" }, { "pod-qos/dscp": "8" }));
      expect(error.message).toContain("annotation pod-qos/dscp of namespace prod");
    });
  });

  it.each([
    ["kubernetes.io/egress-bandwidth", "pod-qos/egress-bandwidth"],
    ["pod-qos/max-egress-bandwith", undefined],
    ["pod-qos.io/max-egress-bandwidth", "pod-qos/max-egress-bandwidth"],
  ])("%s is no key of a Namespace: told, or refused under our own prefix", async (key, meant) => {
    if (meant === undefined) {
      expect((await asyncRefusal(() => by({ [key]: "5M" }))).message).toContain(`${key} of namespace prod`);
      return;
    }
    const { egress, warnings } = await by({ [key]: "5M" });
    expect(egress).toBeUndefined();
    expect(warnings).toEqual([
      `annotation ${key} of namespace prod is not one that limits anything: did you mean ${meant}?`,
    ]);
  });

  it("annotations of others are nobody's business", async () => {
    const { egress, warnings } = await by({ "example.com/anything": "x", "field.cattle.io/projectId": "p" });
    expect([egress, warnings]).toEqual([undefined, []]);
  });
});

describe("whose word", () => {
  const policyDir = manifestOf({ "pod-qos/egress-bandwidth": "3M" });
  const conf = { policyDir, stateDir: root };

  it.each([
    ["the API's before the manifest's", snapshot({ "pod-qos/egress-bandwidth": "5M" }), 5e6],
    ["also where the API's says nothing", snapshot({}), undefined],
    ["the manifest's where the API has no such namespace", snapshotOf({ namespaces: {} }), 3e6],
    ["and where the API was never heard", undefined, 3e6],
  ])("%s", async (_, known, rate) => {
    const { egress } = await decided([{ conf }, known && knowing({ snapshot: known })]);
    expect(egress?.rate).toBe(rate);
  });

  it("pods of other namespaces hear none of it", async () => {
    const args = { K8S_POD_NAMESPACE: "other", K8S_POD_NAME: "web-1" };
    const bad = manifestOf({ "pod-qos/max-egress-bandwidth": "lots" });
    expect((await decided([{ conf, args }, undefined])).egress).toBeUndefined();
    expect((await decided([{ conf: { ...conf, policyDir: bad }, args }, undefined])).egress).toBeUndefined();
  });

  it("an annotation of a manifest that is no text is a fault of its namespace alone", async () => {
    const bad = manifestOf({ "pod-qos/max-egress-bandwidth": 5 });
    const error = await asyncRefusal(() => decided([{ conf: { ...conf, policyDir: bad } }, undefined]));
    expect(error.message).toContain(
      'namespace.json: Namespace prod: metadata.annotations["pod-qos/max-egress-bandwidth"]',
    );
  });
});

it.each(["pod-qos/max-egress-bandwidth", "net1.pod-qos/max-ingress-bandwidth"])(
  "on a pod %s is an unknown key",
  async (key) => {
    const error = await asyncRefusal(() => decided([{ annotations: { [key]: "5M" } }, undefined]));
    expect(error.code).toBe(7);
    expect(error.message).toContain(`annotation ${key} is not known: it is for a Namespace`);
  },
);
