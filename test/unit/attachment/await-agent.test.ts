/** What ADD waits for, how long, and what becomes of it then (1.9.8, 1.9.9). The files are written as an agent would. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decideForAdd } from "../../../plugin/attachment/await-agent.ts";
import type { Decision } from "../../../plugin/attachment/decide.ts";
import { upTime } from "../../../plugin/kernel/process.ts";
import type { Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import { writeTurn } from "../../../plugin/state/live/agent.ts";
import { assertLivePlace } from "../../../plugin/state/live/place.ts";
import { writeKnownPod } from "../../../plugin/state/live/pods.ts";
import { writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import { apiObject, byNetwork, marking, snapshotOf } from "../support/api.ts";
import { hash, podRequest, uid, type PodSaying } from "../support/known.ts";
import { asyncRefusal } from "../support/refusal.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-await-"));
afterAll(() => rmSync(root, { recursive: true }));
let sites = 0;

type Agent = "fresh" | "stale" | "without pods" | "cut off" | "none";

function site(agent: Agent, snapshot?: Snapshot): string {
  const stateDir = join(root, String((sites += 1)));
  if (agent === "none") return stateDir;
  assertLivePlace(stateDir);
  writeTurn(stateDir, { followsPods: agent !== "without pods", isCutOff: agent === "cut off" });
  if (agent === "stale") age(stateDir);
  if (snapshot !== undefined) writeSnapshot(stateDir, snapshot);
  return stateDir;
}

function age(stateDir: string): void {
  const path = join(stateDir, "live/agent.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), uptime: upTime() - 60 }));
}

const web = { uid, namespace: "prod", name: "web-1", labels: { app: "web" }, annotations: {} };
const selecting = snapshotOf({
  networkQos: [apiObject(marking(20, { podSelector: { matchLabels: { app: "web" } } }), { name: "web" })],
  agentNamespace: "qos-system",
});
const forAll = snapshotOf({ networkQos: [apiObject(marking(20))] });

type Outcome = { readonly decision: Decision; readonly ms: number; readonly log: readonly string[] };

async function add(stateDir: string, saying: PodSaying = {}): Promise<Outcome> {
  const began = performance.now();
  const log: string[] = [];
  const conf = { stateDir, ...saying.conf };
  const decision = await decideForAdd(podRequest({ ...saying, conf }), (_, text) => log.push(text));
  return { decision, ms: performance.now() - began, log };
}

/** By a file in a policy directory. */
function selectingInFile(stateDir: string): PodSaying {
  const policyDir = join(stateDir, "policies-of-operator");
  const manifest = {
    apiVersion: "k8s.ovn.org/v1alpha1",
    kind: "NetworkQoS",
    metadata: { name: "web", namespace: "prod" },
    spec: { podSelector: {}, ...marking(20, byNetwork) },
  };
  mkdirSync(policyDir, { recursive: true });
  writeFileSync(join(policyDir, "web.json"), JSON.stringify(manifest));
  return { conf: { policyDir } };
}

const required = { conf: { agent: "required" } };
const dscpsOf = ({ decision }: Outcome) => decision.rules.map(({ dscp }) => dscp);
const args = (id: string | undefined, namespace = "prod") => ({
  K8S_POD_NAMESPACE: namespace,
  K8S_POD_NAME: "web-1",
  ...(id !== undefined && { K8S_POD_UID: id }),
});

describe("1.9.8 wait", () => {
  it("takes the file that is there, at once", async () => {
    const stateDir = site("fresh", selecting);
    writeKnownPod(stateDir, web);
    const outcome = await add(stateDir);
    expect(dscpsOf(outcome)).toEqual([20]);
    expect(outcome.ms).toBeLessThan(500);
    expect(outcome.decision).toMatchObject({ labelsFrom: "agent" });
    expect(outcome.decision).not.toHaveProperty("pending");
  });

  it("waits for a file that could matter, and no longer than it takes to come", async () => {
    const stateDir = site("fresh", selecting);
    setTimeout(() => writeKnownPod(stateDir, web), 200);
    const outcome = await add(stateDir);
    expect(dscpsOf(outcome)).toEqual([20]);
    expect(outcome.ms).toBeGreaterThan(150);
    expect(outcome.ms).toBeLessThan(900);
    expect(outcome.decision).not.toHaveProperty("pending");
    expect(outcome.log).toEqual([
      expect.stringMatching(/^ADD pod prod\/web-1 waited \d{3} ms for the node's agent$/),
    ]);
  });

  it.each([
    ["a selector of its namespace could match", selecting, {}, "NetworkQoS prod/web (API)"],
    [
      "a class could",
      undefined,
      {
        conf: {
          uplink: {
            device: "lo",
            rate: "9M",
            default: "a",
            classes: { a: { rate: "1M" }, b: { rate: "1M", podSelector: { matchLabels: { app: "web" } } } },
          },
        },
      },
      "uplink.classes.b.podSelector",
    ],
    [
      "the runtime gave no annotations",
      undefined,
      { annotations: undefined },
      "annotations, which the runtime did not pass on",
    ],
  ] as const)(
    "after a second goes on without, where %s, and says what is pending",
    async (_, snapshot, saying, missing) => {
      const outcome = await add(site("fresh", snapshot), saying);
      expect(outcome.ms).toBeGreaterThan(950);
      expect(outcome.ms).toBeLessThan(2_500);
      expect(outcome.decision.pending).toBe(
        `the node's agent has not seen this pod yet: left out: ${missing}`,
      );
    },
  );

  it("waits for a namespace that the snapshot lacks", async () => {
    const stateDir = site("fresh", { ...selecting, namespaces: {} });
    writeKnownPod(stateDir, web);
    setTimeout(() => writeSnapshot(stateDir, forAll), 150);
    const outcome = await add(stateDir);
    expect(dscpsOf(outcome)).toEqual([20]);
    expect(outcome.ms).toBeGreaterThan(120);
  });

  const resource = "network-attachment-definitions";
  const withNetworks = (state: "unsynced" | "frozen" | "synced"): Snapshot => {
    const snapshot = snapshotOf({ networkQos: [apiObject(marking(20, byNetwork), { name: "web" })] });
    return { ...snapshot, resources: { ...snapshot.resources, [resource]: { state } } };
  };

  it("waits for a resource that a selector asks for and that is not listed yet", async () => {
    const stateDir = site("fresh", withNetworks("unsynced"));
    writeKnownPod(stateDir, web);
    setTimeout(() => writeSnapshot(stateDir, withNetworks("synced")), 150);
    const outcome = await add(stateDir);
    expect(outcome.ms).toBeGreaterThan(120);
    expect(outcome.ms).toBeLessThan(900);
    expect(outcome.decision).not.toHaveProperty("pending");
  });

  it.each(["unsynced", "frozen"] as const)("says what is pending where it stays %s", async (state) => {
    const stateDir = site("fresh", withNetworks(state));
    writeKnownPod(stateDir, web);
    const outcome = await add(stateDir);
    expect(outcome.decision.pending).toBe(
      `the node's agent has not listed everything yet: left out: what needs ${resource}`,
    );
    // What it may not read does not come.
    expect(outcome.ms > 950).toBe(state === "unsynced");
  });

  const listed = (state: "unsynced" | "synced"): Snapshot => {
    const snapshot = snapshotOf({});
    return { ...snapshot, resources: { ...snapshot.resources, [resource]: { state } } };
  };

  it("waits for it also where only a file in policyDir asks for it", async () => {
    const stateDir = site("fresh", listed("unsynced"));
    writeKnownPod(stateDir, web);
    setTimeout(() => writeSnapshot(stateDir, listed("synced")), 150);
    const outcome = await add(stateDir, selectingInFile(stateDir));
    expect(outcome.log).toEqual([expect.stringMatching(/waited \d+ ms for the node's agent$/)]);
    expect(outcome.ms).toBeLessThan(900);
    expect(outcome.decision).not.toHaveProperty("pending");
  });

  it("says so where it does not come", async () => {
    const stateDir = site("fresh", listed("unsynced"));
    writeKnownPod(stateDir, web);
    const outcome = await add(stateDir, selectingInFile(stateDir));
    expect(outcome.decision.pending).toBe(
      `the node's agent has not listed everything yet: left out: what needs ${resource}`,
    );
  });

  it.each([
    ["no selector asks for labels", "fresh", forAll, {}],
    ["the agent follows no pods", "without pods", selecting, {}],
    ["the agent is not at work", "stale", selecting, {}],
    ["there never was an agent", "none", undefined, {}],
    ["the runtime names no pod", "fresh", selecting, { args: args(undefined) }],
    ["the pod is a static one, by its hash", "fresh", selecting, { args: args(hash) }],
    ["or by its source", "fresh", selecting, { annotations: { "kubernetes.io/config.source": "file" } }],
  ] as const)("does not wait where %s", async (_, agent, snapshot, saying) => {
    expect((await add(site(agent, snapshot), saying)).ms).toBeLessThan(500);
  });

  it("goes by what an agent left that followed pods, where the one at work follows none", async () => {
    const stateDir = site("without pods", selecting);
    writeKnownPod(stateDir, { ...web, annotations: { "pod-qos/dscp": "8" } });
    const outcome = await add(stateDir);
    expect([dscpsOf(outcome), outcome.decision.labelsFrom]).toEqual([[20], "stale"]);
    expect((await add(site("without pods"))).decision.labelsFrom).toBe("unknown");
  });

  it("takes no file of a pod that has a static pod's hash and another name", async () => {
    const stateDir = site("fresh", selecting);
    writeKnownPod(stateDir, { ...web, namespace: "tenant", uid: "evil", configHash: hash });
    expect(dscpsOf(await add(stateDir, { args: args(hash) }))).toEqual([]);
  });

  it("takes a static pod's file by its hash", async () => {
    const stateDir = site("fresh", selecting);
    writeKnownPod(stateDir, { ...web, uid: "mirror", configHash: hash });
    expect(dscpsOf(await add(stateDir, { args: args(hash) }))).toEqual([20]);
  });

  it("takes no file of another UID", async () => {
    const stateDir = site("fresh", forAll);
    writeKnownPod(stateDir, { ...web, uid: "another" });
    expect((await add(stateDir)).decision.labelsFrom).toBe("unknown");
  });

  it.each([
    ["stale" as const, "the node's agent is not at work: left out: NetworkQoS prod/web (API)"],
    ["none" as const, undefined],
  ])("an agent that is %s leaves pending what it would complete", async (agent, pending) => {
    expect((await add(site(agent, agent === "none" ? undefined : selecting))).decision.pending).toBe(pending);
  });

  it("does not wait for an agent that does not hear from the API, and says so", async () => {
    const outcome = await add(site("cut off", selecting));
    expect(outcome.ms).toBeLessThan(500);
    expect(outcome.decision.pending).toBe(
      "the node's agent has no contact with the API: left out: NetworkQoS prod/web (API)",
    );
  });

  it("takes what such an agent wrote", async () => {
    const stateDir = site("cut off", selecting);
    writeKnownPod(stateDir, web);
    expect(dscpsOf(await add(stateDir))).toEqual([20]);
  });

  it("waits no longer where the agent loses the API meanwhile", async () => {
    const stateDir = site("fresh", selecting);
    setTimeout(() => writeTurn(stateDir, { followsPods: true, isCutOff: true }), 100);
    expect((await add(stateDir)).ms).toBeLessThan(900);
  });

  it("of a stale agent the labels and the objects count", async () => {
    const stateDir = site("stale", selecting);
    writeKnownPod(stateDir, { ...web, annotations: { "pod-qos/dscp": "1" } });
    const outcome = await add(stateDir, { annotations: { "pod-qos/dscp": "2" } });
    expect(dscpsOf(outcome)).toEqual([20, 2]);
    expect(outcome.decision.labelsFrom).toBe("stale");
  });

  it("does not believe files in a place that others can write to", async () => {
    const stateDir = site("fresh", forAll);
    writeKnownPod(stateDir, web);
    chmodSync(stateDir, 0o777);
    const outcome = await add(stateDir);
    expect(dscpsOf(outcome)).toEqual([]);
    expect(outcome.log.join()).toContain("can be written by others");
  });
});

describe("1.9.9 required", () => {
  it.each(["stale", "none"] as const)("answers 11 where the agent is %s", async (agent) => {
    const error = await asyncRefusal(() => add(site(agent), required));
    expect([error.code, error.message]).toEqual([
      11,
      'the node\'s agent is not at work, and the conf says "agent": "required"',
    ]);
  });

  it("answers 11 where the file does not come within a second, whatever could match", async () => {
    const began = performance.now();
    const error = await asyncRefusal(() => add(site("fresh", snapshotOf({})), required));
    expect(error.code).toBe(11);
    expect(error.message).toContain("has not seen this pod within 1 s");
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  it("answers 11 at once where the agent does not hear from the API", async () => {
    const began = performance.now();
    const error = await asyncRefusal(() => add(site("cut off", selecting), required));
    expect([error.code, error.message]).toEqual([
      11,
      'the node\'s agent has no contact with the API, and the conf of podnet says "agent": "required"',
    ]);
    expect(performance.now() - began).toBeLessThan(500);
  });

  it("starts the pod with its file, or with an agent that follows no pods", async () => {
    const stateDir = site("fresh", selecting);
    writeKnownPod(stateDir, web);
    expect(dscpsOf(await add(stateDir, required))).toEqual([20]);
    await add(site("without pods"), required);
  });

  it.each([
    ["no K8S_POD_UID", args(undefined), "none"],
    ["static pods", args(hash), "none"],
    ["namespace kube-system", args(uid, "kube-system"), "none"],
    ["the agent's own namespace", args(uid, "qos-system"), "stale"],
  ] as const)("exempts %s", async (_, who, agent) => {
    const stateDir = site(agent, agent === "none" ? undefined : selecting);
    await add(stateDir, { ...required, args: who });
    await add(site("fresh", selecting), { ...required, args: who });
  });
});
