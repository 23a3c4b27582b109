/** What the API told is in files for ADD, also where it could not be written at once. */
import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeAgain, takeUpdate } from "../../../../plugin/agent/view/files.ts";
import { allWritten, apiViewOf } from "../../../../plugin/agent/view/view.ts";
import { emptySnapshot } from "../../../../plugin/knowledge/snapshot.ts";
import { assertLivePlace } from "../../../../plugin/state/live/place.ts";
import { readKnownPod } from "../../../../plugin/state/live/pods.ts";
import { readSnapshot } from "../../../../plugin/state/live/snapshot.ts";

const told = (version: string) => ({
  resource: "pods" as const,
  is: { state: "synced" as const, version },
  items: [
    {
      metadata: {
        uid: "u-a",
        namespace: "prod",
        name: "a",
        resourceVersion: version,
        labels: { app: "new" },
      },
    },
  ],
});

it("a pod's file that could not be written is written later, and that is said once", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "pod-qos-know-"));
  assertLivePlace(stateDir);
  const lines: string[] = [];
  const log = (_: string, text: string): void => void lines.push(text);
  // As on a full disk.
  const blocked = `${stateDir}/live/pods/u-a.json.tmp`;
  mkdirSync(blocked);
  const first = takeUpdate(stateDir, apiViewOf(emptySnapshot, []), told("1"), log);
  const second = takeUpdate(stateDir, first.view, told("2"), log);
  expect(second.view.unwritten.pods).toEqual(["u-a"]);
  expect(lines).toHaveLength(1);
  rmdirSync(blocked);
  expect(writeAgain(stateDir, second.view).unwritten).toEqual(allWritten);
  expect(readKnownPod(stateDir, "u-a")?.labels).toEqual({ app: "new" });
  rmSync(stateDir, { recursive: true });
});

const namespaces = (...names: readonly string[]) => ({
  resource: "namespaces" as const,
  is: { state: "synced" as const, version: "1" },
  items: names.map((name) => ({
    metadata: { uid: `n-${name}`, name, annotations: { "pod-qos/max-egress-bandwidth": "5M" } },
  })),
});

it("a pod's file is written once its namespace is known, and not before ADD can read what that says", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "pod-qos-know-"));
  assertLivePlace(stateDir);
  const lines: string[] = [];
  const log = (_: string, text: string): void => void lines.push(text);
  const listed = takeUpdate(stateDir, apiViewOf(emptySnapshot, []), namespaces("dev"), log);
  const held = takeUpdate(stateDir, listed.view, told("1"), log);
  expect([readKnownPod(stateDir, "u-a"), held.view.unwritten.pods]).toEqual([undefined, ["u-a"]]);
  expect(writeAgain(stateDir, held.view).unwritten.pods).toEqual(["u-a"]);
  const { view } = takeUpdate(stateDir, held.view, namespaces("dev", "prod"), log);
  expect(view.unwritten).toEqual(allWritten);
  expect(readKnownPod(stateDir, "u-a")?.labels).toEqual({ app: "new" });
  expect(readSnapshot(stateDir)?.namespaces["prod"]?.annotations).toEqual({
    "pod-qos/max-egress-bandwidth": "5M",
  });
  expect(lines).toEqual([]);
  rmSync(stateDir, { recursive: true });
});

it("an event of a namespace that says nothing new to us writes no snapshot", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "pod-qos-know-"));
  assertLivePlace(stateDir);
  const { view } = takeUpdate(stateDir, apiViewOf(emptySnapshot, []), namespaces("prod"), () => undefined);
  rmSync(`${stateDir}/live/snapshot`);
  takeUpdate(
    stateDir,
    view,
    { ...namespaces("prod"), is: { state: "synced", version: "2" } },
    () => undefined,
  );
  expect(readSnapshot(stateDir)).toBeUndefined();
  rmSync(stateDir, { recursive: true });
});
