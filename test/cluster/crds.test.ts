/** Our definitions of EgressQoS and NetworkQoS in a real API server, held to the plugin object by object. */
import * as fc from "fast-check";
import { execa } from "execa";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startControlPlane, type ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { programPath } from "../../scripts/lab/cluster/programs.ts";
import { knowsBetter } from "../lab/policy-objects/knows-better.ts";
import { anyObject } from "../lab/policy-objects/mutated.ts";
import { refused, taken } from "../lab/policy-objects/upstream.ts";
import { refusalOf } from "../lab/policy-objects/verdict.ts";
import type { PolicyObject } from "../lab/policy-objects/valid.ts";
import { repetitions } from "../lab/repetitions.ts";
import { seed, seedSaid } from "../lab/seed.ts";

const install = resolve(import.meta.dirname, "../../install/kubernetes");
const folder = mkdtempSync(join(tmpdir(), "pod-qos-crds-"));

let plane: ControlPlane;

const kubectl = (...args: readonly string[]) =>
  execa(programPath("kubectl"), args, { env: { KUBECONFIG: plane.kubeconfig }, all: true, reject: false });

beforeAll(async () => {
  plane = await startControlPlane({ folder: join(folder, "plane") });
  const { all, exitCode } = await kubectl("apply", "-k", install);
  if (exitCode !== 0) throw new Error(all);
  await established();
});
afterAll(async () => {
  await plane?.stop();
  rmSync(folder, { recursive: true });
});

const paths = {
  EgressQoS: "/apis/k8s.ovn.org/v1/namespaces/default/egressqoses",
  NetworkQoS: "/apis/k8s.ovn.org/v1alpha1/namespaces/default/networkqoses",
} as const;

/** Accepted as a definition, and then served, a moment later. */
async function established(): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answers = await Promise.all(Object.values(paths).map((path) => plane.api.ask("GET", path)));
    if (answers.every(({ status }) => status === 200)) return;
    await sleep(50);
  }
  const { all } = await kubectl("get", "crd", "-o", "yaml");
  throw new Error(`the definitions are not served after 15 s:\n${all}`);
}

/** As kubectl asks: a field that the definition does not know is an error. undefined: taken. */
async function refusalOfApi(object: object): Promise<string | undefined> {
  const { kind } = object as PolicyObject;
  const path = `${paths[kind]}?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await plane.api.ask("POST", path, { value: object });
  if (status === 201) return undefined;
  if (status === 400 || status === 422) return body.message ?? "";
  throw new Error(`${status}: ${JSON.stringify(body)}`);
}

describe("kubectl", () => {
  it("applies the folder once more and changes nothing", async () => {
    const { stdout } = await kubectl("apply", "-k", install);
    const lines = stdout.split("\n");
    expect(lines).toHaveLength(6);
    expect(lines.filter((line) => !line.endsWith(" unchanged"))).toEqual([]);
  });

  it("002-24 002-25 prints the one column Status, by every name of the resource", async () => {
    const made = [taken[0]?.object, taken[4]?.object].map((object) => object as PolicyObject);
    for (const object of made) {
      await plane.api.create(paths[object.kind], object);
      const status = { status: { status: `${object.kind} says so` } };
      await plane.api.patch(`${paths[object.kind]}/${object.metadata.name}/status`, status);
    }
    const { stdout } = await kubectl("get", "networkqos,egressqos");
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["NAME", "STATUS"],
      ["networkqos.k8s.ovn.org/qos-external", "NetworkQoS says so"],
      [""],
      ["NAME", "STATUS"],
      ["egressqos.k8s.ovn.org/default", "EgressQoS says so"],
    ]);
    expect((await kubectl("get", "networkqoses", "qos-external")).stdout).toContain("NetworkQoS says so");
    for (const { kind, metadata } of made) await plane.api.remove(`${paths[kind]}/${metadata.name}`);
  });

  it("explains what a field means", async () => {
    const { stdout } = await kubectl("explain", "networkqos.spec.egress.bandwidth.rate");
    expect(stdout.replaceAll(/\s+/g, " ")).toContain("In kbit/s, so 20000 is 20 Mbit/s.");
  });

  it("says which field of a bad object is wrong, and what it may be", async () => {
    const object = {
      apiVersion: "k8s.ovn.org/v1alpha1",
      kind: "NetworkQoS",
      metadata: { name: "wrong" },
      spec: {
        priority: 101,
        networkSelectors: [
          {
            networkSelectionType: "DefaultNetwork",
            primaryUserDefinedNetworkSelector: { namespaceSelector: {} },
          },
        ],
        egress: [{ dscp: 1, classifier: { ports: [{ protocol: "tcp" }] } }],
      },
    };
    const { all } = await execa(programPath("kubectl"), ["apply", "-f", "-"], {
      env: { KUBECONFIG: plane.kubeconfig },
      input: JSON.stringify(object),
      all: true,
      reject: false,
    });
    expect(all).toContain("spec.priority: Invalid value: 101");
    expect(all).toContain('spec.egress[0].classifier.ports[0].protocol: Unsupported value: "tcp"');
    expect(all).toContain(
      "primaryUserDefinedNetworkSelector goes with networkSelectionType PrimaryUserDefinedNetworks",
    );
  });
});

describe("networkSelectors", () => {
  it("cannot be changed, as upstream has it", async () => {
    const object = taken[4]?.object as PolicyObject;
    await plane.api.create(paths.NetworkQoS, object);
    const spec = { ...object.spec, networkSelectors: [{ networkSelectionType: "DefaultNetwork" }] };
    const path = `${paths.NetworkQoS}/${object.metadata.name}`;
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
  const rules = (count: number): object[] => Array.from({ length: count }, () => ({ dscp: 1 }));

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
