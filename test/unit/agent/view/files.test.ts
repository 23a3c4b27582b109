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
