import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  chownSync,
} from "node:fs";
import { execaSync } from "execa";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ownProcess, upTime } from "../../../plugin/kernel/process.ts";
import { freshAgent, isFresh, removeTurn, writeTurn } from "../../../plugin/state/live/agent.ts";
import { readKnownObjects } from "../../../plugin/state/live/objects.ts";
import { assertLivePlace, hasLivePlace, placeFault } from "../../../plugin/state/live/place.ts";
import { knownPodIds, readKnownPod, removeKnownPod, writeKnownPod } from "../../../plugin/state/live/pods.ts";
import { readSnapshot, writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import { objectsOf } from "../../../plugin/knowledge/objects.ts";
import { apiObject, marking, namespaceOf, snapshotOf } from "../support/api.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-live-"));
afterAll(() => rmSync(root, { recursive: true }));

let places = 0;
function createPlace(): string {
  const stateDir = join(root, String((places += 1)));
  assertLivePlace(stateDir);
  return stateDir;
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe("the place", () => {
  it("is the owner's alone", () => {
    const stateDir = createPlace();
    writeTurn(stateDir, { followsPods: true });
    writeKnownPod(stateDir, pod);
    writeSnapshot(stateDir, snapshotOf({}));
    for (const folder of ["", "live", "live/pods"]) expect(modeOf(join(stateDir, folder))).toBe("700");
    for (const file of ["agent.json", "snapshot", "pods/u-1.json"])
      expect(modeOf(join(stateDir, "live", file))).toBe("600");
  });

  it.each(["", "live"])("is refused where others can write <stateDir>/%s", (folder) => {
    const stateDir = createPlace();
    writeTurn(stateDir, { followsPods: true });
    for (const mode of [0o770, 0o1777]) {
      chmodSync(join(stateDir, folder), mode);
      expect(placeFault(stateDir)).toContain("can be written by others");
      expect(isFresh(stateDir)).toBe(false);
      expect(() => assertLivePlace(stateDir)).toThrow("can be written by others");
    }
  });

  it.runIf(process.geteuid?.() === 0)("is refused where it is not root's", () => {
    const stateDir = createPlace();
    writeTurn(stateDir, { followsPods: true });
    chownSync(stateDir, 65_534, 0);
    expect(placeFault(stateDir)).toContain("belongs to user 65534");
    expect(isFresh(stateDir)).toBe(false);
    expect(() => assertLivePlace(stateDir)).toThrow("belongs to user 65534");
  });

  it("of a node without an agent is not there", () => {
    expect(hasLivePlace(join(root, "nowhere"))).toBe(false);
    expect(hasLivePlace(createPlace())).toBe(true);
  });
});

describe("an agent", () => {
  it("is fresh while it lives and its loop turns, and says whether it follows pods", () => {
    const stateDir = createPlace();
    expect(isFresh(stateDir)).toBe(false);
    writeTurn(stateDir, { followsPods: false });
    expect(freshAgent(stateDir)).toMatchObject({ pid: process.pid, followsPods: false });
    removeTurn(stateDir);
    expect(isFresh(stateDir)).toBe(false);
    removeTurn(stateDir);
  });

  const ended = Number(execaSync("sh", ["-c", "echo $$"]).stdout);
  it.each([
    ["its last turn was 14 s ago", () => ({ uptime: upTime() - 14 }), true],
    ["its last turn was 15 s ago", () => ({ uptime: upTime() - 15 }), false],
    ["its last turn is in the future", () => ({ uptime: upTime() + 600 }), false],
    ["its process has ended", () => ({ pid: ended }), false],
    ["its pid is another process by now", () => ({ startTime: "1" }), false],
    ["the node has booted since", () => ({ bootId: "another" }), false],
    ["it counts processes of another namespace", () => ({ pidNamespace: "pid:[1]" }), false],
    ["its files are of a format to come", () => ({ format: 2 }), false],
    ["it does not say what it follows", () => ({ followsPods: undefined }), false],
    ["its turn is no time", () => ({ uptime: "now" }), false],
  ])("%s", (_, other, fresh) => {
    const stateDir = createPlace();
    const turn = { format: 1, ...ownProcess(), uptime: upTime(), followsPods: true, ...other() };
    writeFileSync(join(stateDir, "live/agent.json"), JSON.stringify(turn));
    expect(isFresh(stateDir)).toBe(fresh);
  });

  it("whose file is torn is none", () => {
    const stateDir = createPlace();
    writeFileSync(join(stateDir, "live/agent.json"), "{");
    expect(isFresh(stateDir)).toBe(false);
  });
});

const pod = { uid: "u-1", namespace: "prod", name: "web-1", labels: { app: "web" }, annotations: {} };

describe("what is known of a pod", () => {
  it("is found by what CNI calls its UID, and where it has a mirror's annotations by the API's UID too", () => {
    const stateDir = createPlace();
    const mirror = { ...pod, uid: "u-2", configHash: "0123456789abcdef0123456789abcdef" };
    writeKnownPod(stateDir, pod);
    writeKnownPod(stateDir, mirror);
    expect(readKnownPod(stateDir, "u-1")).toEqual(pod);
    expect(readKnownPod(stateDir, mirror.configHash)).toEqual(mirror);
    expect(readKnownPod(stateDir, "u-2")).toEqual(mirror);
    expect(readKnownPod(stateDir, "u-3")).toBeUndefined();
    expect([...knownPodIds(stateDir)].toSorted()).toEqual([mirror.configHash, "u-1", "u-2"]);
    removeKnownPod(stateDir, "u-1");
    removeKnownPod(stateDir, "u-1");
    expect(readKnownPod(stateDir, "u-1")).toBeUndefined();
  });

  it.each([
    ["of a format to come", { format: 2, pod }],
    ["of another pod", { format: 1, pod: { ...pod, uid: "u-9" } }],
    ["without labels", { format: 1, pod: { ...pod, labels: undefined } }],
    ["with a label that is no text", { format: 1, pod: { ...pod, labels: { app: 1 } } }],
    ["that is a list", []],
  ])("is nothing in a file %s", (_, content) => {
    const stateDir = createPlace();
    writeFileSync(join(stateDir, "live/pods/u-1.json"), JSON.stringify(content));
    expect(readKnownPod(stateDir, "u-1")).toBeUndefined();
  });

  it("leads to no file elsewhere", () => {
    const stateDir = createPlace();
    writeFileSync(join(stateDir, "x.json"), JSON.stringify({ format: 1, pod: { ...pod, uid: "../../x" } }));
    expect(readKnownPod(stateDir, "../../x")).toBeUndefined();
  });
});

describe("the snapshot", () => {
  const snapshot = snapshotOf({
    networkQos: [
      apiObject(marking(20), { name: "b", generation: 3 }),
      apiObject(marking(21, { priority: 90 }), { name: "a" }),
      apiObject(marking(64), { name: "bad" }),
    ],
    egressQos: [apiObject({ egress: [{ dscp: 48, dstCIDR: "192.0.2.0/24" }] })],
    agentNamespace: "pod-qos",
    namespaces: { prod: namespaceOf({ team: "a" }), empty: namespaceOf() },
    networks: [
      { namespace: "prod", name: "fast", labels: { tier: "1" }, network: "fastnet", uid: "d-1", conf: "{}" },
    ],
    nodeNetworks: ["podnet"],
  });

  it("comes back whole, but for what another build may have compiled", () => {
    const stateDir = createPlace();
    writeSnapshot(stateDir, snapshot);
    const unnumbered = snapshot.objects.map((object) => ({ ...object, generation: undefined }));
    expect(readSnapshot(stateDir)).toEqual(JSON.parse(JSON.stringify({ ...snapshot, objects: unnumbered })));
  });

  it("says to an ADD what it says to the agent", () => {
    const stateDir = createPlace();
    writeSnapshot(stateDir, snapshot);
    const about = (namespace: string) => readKnownObjects(stateDir, { namespace, network: "fastnet" });
    const [fromFile, held] = [about("prod"), objectsOf(snapshot)];
    expect(about("empty")?.policies("empty")).toBeUndefined();
    expect(about("empty")?.namespace("empty")).toMatchObject({ labels: {} });
    for (const objects of [fromFile, held]) {
      const policies = objects?.policies("prod");
      expect(
        policies?.networkQos.map(({ name, readRules }) => [name, readRules().map(({ dscp }) => dscp)]),
      ).toEqual([
        ["a", [21]],
        ["b", [20]],
      ]);
      expect(policies?.egressQos?.entries).toHaveLength(1);
      expect(policies?.has).toEqual(["NetworkQoS b", "NetworkQoS a", "NetworkQoS bad", "EgressQoS default"]);
      expect(policies?.warnings).toEqual([
        "NetworkQoS prod/bad (API): spec.egress[0].dscp: 64 is not valid: a whole number from 0 to 63, and required; it is left out",
      ]);
      expect(objects?.policies("empty")).toBeUndefined();
      expect(objects?.surroundings("fastnet")).toMatchObject({
        nads: [{ namespace: "prod", name: "fast", labels: { tier: "1" } }],
        namespaces: expect.arrayContaining([{ name: "prod", labels: { team: "a" } }]),
      });
      expect(objects?.namespace("prod")).toMatchObject({ labels: { team: "a" } });
      expect(objects?.namespace("constructor")).toBe("absent");
      expect(objects?.agentNamespace).toBe("pod-qos");
    }
  });

  it.each([
    ["podnet", true],
    ["fastnet", false],
  ])("says to both whether a conflist of the node makes %s", (network, isOfNode) => {
    const stateDir = createPlace();
    writeSnapshot(stateDir, snapshot);
    const fromFile = readKnownObjects(stateDir, { namespace: "prod", network });
    for (const objects of [fromFile, objectsOf(snapshot)])
      expect(objects?.surroundings(network)).toMatchObject({ isOfNode });
  });

  it("leaves out what another system serves", () => {
    const off = {
      ...snapshot,
      resources: { ...snapshot.resources, networkqoses: { state: "off" as const } },
    };
    expect(objectsOf(off).policies("prod")).toMatchObject({ networkQos: [], has: ["EgressQoS default"] });
  });

  it("does not know which namespaces are not there before it knows all", () => {
    const early = {
      ...snapshot,
      resources: { ...snapshot.resources, namespaces: { state: "unsynced" as const } },
    };
    expect(objectsOf(early).namespace("new")).toBeUndefined();
  });

  it.each([
    ["is not there", undefined],
    ["is empty", () => ""],
    ["is of a format to come", (text: string) => text.replace("snapshot 1", "snapshot 2")],
    ["is cut short in its header", (text: string) => text.slice(0, 200)],
    ["has another header than was written", (text: string) => text.replace('"c-1"', '"c-2"')],
  ])("is none where it %s", (_, damage) => {
    const stateDir = createPlace();
    writeSnapshot(stateDir, snapshot);
    const path = join(stateDir, "live/snapshot");
    if (damage === undefined) rmSync(path);
    else writeFileSync(path, damage(readFileSync(path, "latin1")), "latin1");
    expect(readSnapshot(stateDir)).toBeUndefined();
    expect(readKnownObjects(stateDir, { namespace: "prod", network: "fastnet" })).toBeUndefined();
  });

  it("is written over a draft that a killed agent left", () => {
    const stateDir = createPlace();
    writeFileSync(join(stateDir, "live/snapshot.tmp"), "half");
    writeSnapshot(stateDir, snapshot);
    expect(existsSync(join(stateDir, "live/snapshot.tmp"))).toBe(false);
    mkdirSync(join(stateDir, "live/extra"));
    expect(readSnapshot(stateDir)?.cluster).toBe("c-1");
  });
});
