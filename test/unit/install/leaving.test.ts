/** What an uninstall notes for a later run, and for CHECK until that. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CniError } from "../../../plugin/errors.ts";
import { noteLeaving, notedStateDirs, noteReturn } from "../../../plugin/install/node/leaving.ts";
import { isLeaving, leavingFile } from "../../../plugin/state/leaving.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pod-qos-leaving-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const left = (network: string): boolean => isLeaving(network, root + leavingFile);

test("CHECK is quiet for the networks that an uninstall takes away, and for no other", () => {
  expect(left("a")).toBe(false);
  noteLeaving(root, "a", ["/run/pod-qos"]);
  noteLeaving(root, "b", ["/run/b"]);
  expect(["a", "b", "c"].map(left)).toEqual([true, true, false]);
  expect(notedStateDirs(root)).toEqual(["/run/pod-qos", "/run/b"]);
  noteLeaving(root, undefined, ["/run/pod-qos"]);
  noteLeaving(root, "a", ["/run/pod-qos"]);
  expect(left("c")).toBe(true);
});

test("an install keeps the note of a state directory that is there and that it does not use itself", () => {
  for (const directory of ["/run/pod-qos", "/run/b"]) mkdirSync(root + directory, { recursive: true });
  noteLeaving(root, undefined, ["/run/pod-qos", "/run/b", "/run/gone"]);
  noteReturn(root, { network: "a", stateDir: "/run/pod-qos" });
  expect([notedStateDirs(root), left("a")]).toEqual([["/run/b"], false]);
  rmSync(`${root}/run/b`, { recursive: true });
  noteReturn(root, { network: "a", stateDir: "/run/pod-qos" });
  expect(notedStateDirs(root)).toEqual([]);
});

test("an install of one network leaves the note of another", () => {
  noteLeaving(root, "a", []);
  noteLeaving(root, "b", []);
  noteReturn(root, { network: "a", stateDir: "/run/pod-qos" });
  expect([left("a"), left("b")]).toEqual([false, true]);
});

test("where nothing can be noted it names the place, and no setting that has nothing to do with it", () => {
  mkdirSync(`${root}/run`);
  writeFileSync(`${root}/run/pod-qos-install`, "");
  expect(() => noteLeaving(root, "a", [])).toThrow(CniError);
  try {
    noteLeaving(root, "a", []);
  } catch (error) {
    const { message, details } = error as CniError;
    expect(message).toContain("/run/pod-qos-install/leaving cannot be written: ");
    expect(details).toContain("/run/pod-qos-install");
    expect(details).not.toContain("stateDir");
  }
});
