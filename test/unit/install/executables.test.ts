/** An uninstall takes the executable out of every bin directory, links among them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeExecutables } from "../../../plugin/install/node/executables.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pod-qos-bin-"));
  for (const directory of ["/opt/cni/bin", "/usr/lib"]) mkdirSync(root + directory, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const both = ["/opt/cni/bin", "/usr/lib/cni"];

test("one bin directory is a link to the other", () => {
  symlinkSync("/opt/cni/bin", `${root}/usr/lib/cni`);
  writeFileSync(`${root}/opt/cni/bin/pod-qos`, "");
  expect(removeExecutables(root, both)).toEqual(["/opt/cni/bin/pod-qos"]);
  expect(removeExecutables(root, both)).toEqual([]);
});

test("a link goes, also one that leads nowhere, and what it leads to stays", () => {
  mkdirSync(`${root}/usr/lib/cni`);
  symlinkSync("/run/gone", `${root}/opt/cni/bin/pod-qos`);
  writeFileSync(`${root}/usr/lib/theirs`, "");
  symlinkSync("/usr/lib/theirs", `${root}/usr/lib/cni/pod-qos`);
  expect(removeExecutables(root, both)).toEqual(["/opt/cni/bin/pod-qos", "/usr/lib/cni/pod-qos"]);
  expect(both.flatMap((directory) => readdirSync(root + directory))).toEqual([]);
  expect(existsSync(`${root}/usr/lib/theirs`)).toBe(true);
});
