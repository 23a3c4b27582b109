/** What an uninstall is told that finds another process at work. That one is a real process, which sleeps. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetTurns, withoutKeeper } from "../../../plugin/install/node/turn.ts";
import { ownProcess } from "../../../plugin/kernel/process.ts";

let root: string;
let other: { readonly pid?: number | undefined; readonly kill: () => unknown };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pod-qos-turn-"));
  other = execa("sleep", ["30"], { reject: false });
});
afterEach(() => {
  other.kill();
  rmSync(root, { recursive: true });
});

const place = (): string => `${root}/run/pod-qos-install`;

/** As that process itself would. */
const enter = (lock: string): void => {
  const pid = other.pid ?? 0;
  const startTime = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19];
  mkdirSync(`${place()}/${lock}`, { recursive: true });
  symlinkSync(JSON.stringify({ ...ownProcess(), pid, startTime }), `${place()}/${lock}/${pid}.${startTime}`);
};

test("a second uninstall is told to wait for the first, and not to end it", async () => {
  for (const lock of ["uninstall", "keeper", "turn"]) enter(lock);
  await expect(withoutKeeper(root, () => Promise.resolve())).rejects.toThrow(
    `another uninstall (process ${other.pid}) is at work: wait until it has ended`,
  );
});

test("an uninstall beside an install that watches is told to end that, and leaves no lock of its own", async () => {
  enter("keeper");
  await expect(withoutKeeper(root, () => Promise.resolve())).rejects.toThrow(
    `"install --watch" or "agent --install" (process ${other.pid}) keeps pod-qos on this node: end it first`,
  );
  rmSync(`${place()}/keeper`, { recursive: true });
  expect(await withoutKeeper(root, () => Promise.resolve("done"))).toBe("done");
  forgetTurns(root);
  expect(existsSync(place())).toBe(false);
});
