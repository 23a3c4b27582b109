/** A pod's first ADD looks for nothing in the kernel: files say that nothing can be left there. */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { recordMayBeLost } from "../../../plugin/attachment/lost.ts";
import { bootId } from "../../../plugin/kernel/linux.ts";

let folder: string;
let netns: string;
let born: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pod-qos-lost-"));
  netns = join(folder, "netns");
  writeFileSync(netns, "");
  born = statSync(netns).ctimeMs;
});
afterEach(() => rmSync(folder, { recursive: true }));

const stateDir = (): string => join(folder, "state");
const remembers = (file: object): void => {
  mkdirSync(join(stateDir(), "attachments"), { recursive: true });
  writeFileSync(join(stateDir(), "features.json"), JSON.stringify(file));
};
const maybeLost = (): boolean => recordMayBeLost(stateDir(), netns);

it.each([
  ["long before the pod", () => ({ bootId: bootId(), since: born - 3_600_000 }), false],
  [
    "a moment after it: its first ADD waits for the node's tools",
    () => ({ bootId: bootId(), since: born + 5_000 }),
    false,
  ],
  ["long after it", () => ({ bootId: bootId(), since: born + 3_600_000 }), true],
  ["in a former boot", () => ({ bootId: "another", since: born + 3_600_000 }), false],
  ["nobody knows when: an older build did not say", () => ({ bootId: bootId() }), false],
])("where the state directory was made %s", (_, file, lost) => {
  remembers(file());
  expect(maybeLost()).toBe(lost);
});

it("cannot be said where there is no state directory", () => {
  expect(maybeLost()).toBe(true);
});
