/** Our definitions of EgressQoS and NetworkQoS in a real API server, held to the plugin object by object. */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { applyInstall, INSTALL, kubectl, policyPath } from "../lab/cluster/installed.ts";
import { edges } from "../lab/policy/objects/edges.ts";
import { knowsBetter } from "../lab/policy/objects/knows-better.ts";
import { anyObject } from "../lab/policy/objects/mutated.ts";
import { refused, taken } from "../lab/policy/objects/upstream.ts";
import { refusalOf } from "../lab/policy/objects/verdict.ts";
import { suite } from "../lab/node/needs.ts";
import type { PolicyObject } from "../lab/policy/objects/valid.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

let plane: ControlPlane;

const pathOf = ({ kind }: Pick<PolicyObject, "kind">): string => policyPath(kind, "default");

/** As kubectl asks: a field that the definition does not know is an error. undefined: taken. */
async function refusalOfApi(object: object): Promise<string | undefined> {
  const path = `${pathOf(object as PolicyObject)}?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await plane.api.ask("POST", path, { value: object });
  if (status === 201) return undefined;
  if (status === 400 || status === 422) return body.message ?? "";
  throw new Error(`${status}: ${JSON.stringify(body)}`);
}

const rules = (count: number): object[] => Array.from({ length: count }, () => ({ dscp: 1 }));

const needs = { kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] };

suite("our definitions of EgressQoS and NetworkQoS", needs, () => {
  beforeAll(async () => {
    plane = await createCluster();
    await applyInstall(plane);
  });
  afterAll(() => plane?.stop());

  describe("kubectl", () => {
    it("applies the folder once more and changes nothing", async () => {
      const { all } = await kubectl(plane, ["apply", "-k", INSTALL]);
      const lines = all.split("\n");
      expect(lines).toHaveLength(12);
      expect(lines.filter((line) => !line.endsWith(" unchanged"))).toEqual([]);
    });

    it("002-24 002-25 prints the one column Status, by every name of the resource", async () => {
      const made = [taken[0]?.object, taken[4]?.object].map((object) => object as PolicyObject);
      for (const object of made) {
        await plane.api.create(pathOf(object), object);
        const status = { status: { status: `${object.kind} says so` } };
        await plane.api.patch(`${pathOf(object)}/${object.metadata.name}/status`, status);
      }
      const { all } = await kubectl(plane, ["get", "networkqos,egressqos"]);
      expect(all.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
        ["NAME", "STATUS"],
        ["networkqos.k8s.ovn.org/qos-external", "NetworkQoS says so"],
        [""],
        ["NAME", "STATUS"],
        ["egressqos.k8s.ovn.org/default", "EgressQoS says so"],
      ]);
      expect((await kubectl(plane, ["get", "networkqoses", "qos-external"])).all).toContain(
        "NetworkQoS says so",
      );
      for (const object of made) await plane.api.remove(`${pathOf(object)}/${object.metadata.name}`);
    });

    it("explains what a field means", async () => {
      const { all } = await kubectl(plane, ["explain", "networkqos.spec.egress.bandwidth.rate"]);
      expect(all.replaceAll(/\s+/g, " ")).toContain("In kbit/s, so 20000 is 20 Mbit/s.");
    });

    const shown = { priority: 1, egress: [{ dscp: 1 }] };
    const primary = { namespaceSelector: {} };

    it.each([
      ["spec.priority: Invalid value: 101", { ...shown, priority: 101 }],
      ['unknown field "spec.podselector"', { ...shown, podselector: {} }],
      [
        'ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
        { ...shown, egress: [{ dscp: 1, classifier: { ports: [{ protocol: "tcp" }] } }] },
      ],
      [
        "spec.networkSelectors[0]: Invalid value: primaryUserDefinedNetworkSelector goes with",
        {
          ...shown,
          networkSelectors: [
            { networkSelectionType: "DefaultNetwork", primaryUserDefinedNetworkSelector: primary },
          ],
        },
      ],
      [
        "matchExpressions[0]: Invalid value: In and NotIn take one value or more",
        { ...shown, podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } },
      ],
      [
        "spec.egress[0].classifier.to[0]: Invalid value: ipBlock cannot stand beside podSelector",
        {
          ...shown,
          egress: [{ dscp: 1, classifier: { to: [{ podSelector: {}, ipBlock: { cidr: "::/0" } }] } }],
        },
      ],
    ])("says of a bad object: %s", async (said, spec) => {
      const object = {
        apiVersion: "k8s.ovn.org/v1alpha1",
        kind: "NetworkQoS",
        metadata: { name: "wrong" },
        spec,
      };
      const { all, exitCode } = await kubectl(plane, ["apply", "-f", "-"], object);
      expect(all).toContain(said);
      expect(exitCode).toBe(1);
    });
  });

  describe("networkSelectors", () => {
    it("cannot be changed, as upstream has it", async () => {
      const object = taken[4]?.object as PolicyObject;
      await plane.api.create(pathOf(object), object);
      const spec = { ...object.spec, networkSelectors: [{ networkSelectionType: "DefaultNetwork" }] };
      const path = `${pathOf(object)}/${object.metadata.name}`;
      await expect(plane.api.patch(path, { spec })).rejects.toThrow(/networkSelectors cannot be changed/);
      await plane.api.remove(path);
    });
  });

  describe("of upstream's objects", () => {
    it.each(taken)("taken: $title", async ({ object, knowsBetter: title }) => {
      expect(await refusalOfApi(object)).toBeUndefined();
      const known = knowsBetter.find((one) => one.title === title);
      if (known === undefined) expect(refusalOf(object)).toBeUndefined();
      else expect(refusalOf(object)).toMatch(known.message);
    });

    it.each(refused)("refused by both: $title", async ({ object }) => {
      expect(await refusalOfApi(object)).toEqual(expect.any(String));
      expect(refusalOf(object)).toEqual(expect.any(String));
    });
  });

  describe("what the plugin knows better", () => {
    it.each(knowsBetter)("$title: the API server lets it pass", async ({ object }) => {
      expect(await refusalOfApi(object)).toBeUndefined();
    });
  });

  describe("as many rules as there may be, and one more", () => {
    it.each([
      ["EgressQoS", "default", 1000],
      ["NetworkQoS", "many", 20],
    ] as const)("%s %s: %d", async (kind, name, most) => {
      const apiVersion = kind === "EgressQoS" ? "k8s.ovn.org/v1" : "k8s.ovn.org/v1alpha1";
      const of = (count: number): object => {
        const spec = { ...(kind === "NetworkQoS" ? { priority: 1 } : {}), egress: rules(count) };
        return { apiVersion, kind, metadata: { name }, spec };
      };
      for (const refusal of [refusalOfApi, refusalOf]) {
        expect(await refusal(of(most))).toBeUndefined();
        expect(await refusal(of(most + 1))).toEqual(expect.any(String));
      }
    });
  });

  it.each(edges)("both know the same edges of $of", async ({ good, bad }) => {
    for (const object of good) {
      expect([object, await refusalOfApi(object), refusalOf(object)]).toEqual([object, undefined, undefined]);
    }
    const said: unknown = expect.any(String);
    for (const object of bad) {
      expect([object, await refusalOfApi(object), refusalOf(object)]).toEqual([object, said, said]);
    }
  });

  it("API server and plugin take and refuse the same objects", async () => {
    const count = { both: 0, neither: 0, better: 0 };
    await fc.assert(
      fc.asyncProperty(anyObject, async (object) => {
        const api = await refusalOfApi(object);
        const plugin = refusalOf(object);
        if (api === undefined && plugin === undefined) count.both += 1;
        else if (api !== undefined && plugin !== undefined) count.neither += 1;
        else {
          const better = api === undefined && knowsBetter.some(({ message }) => message.test(plugin ?? ""));
          const said = `API server: ${api ?? "takes it"}\nplugin: ${plugin ?? "takes it"}`;
          expect(better, `${seedSaid}\n${said}\n${JSON.stringify(object)}`).toBe(true);
          count.better += 1;
        }
      }),
      { seed, numRuns: repetitions(2000) },
    );
    const least = repetitions(2000) / 5;
    expect(count.both, JSON.stringify(count)).toBeGreaterThan(least);
    expect(count.neither, JSON.stringify(count)).toBeGreaterThan(least);
  });
});
