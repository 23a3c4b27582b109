/** What a tool reads must be whole: half a batch can be a batch of its own. */
import { closeSync, fstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";
import { expect, test } from "vitest";
import { unnamedFile } from "../../plugin/kernel/unnamed-file.ts";

const text = "add a-set 192.0.2.1\n".repeat(20_000);

test("where a directory has room for a part of a text alone, the next one gets all of it", () => {
  withSmallDirectory((small) => {
    const fd = unnamedFile(text, [small, tmpdir()]);
    expect(fstatSync(fd).size).toBe(text.length);
    closeSync(fd);
  });
});

test("where none has room, that is said", () => {
  withSmallDirectory((small) => {
    expect(() => unnamedFile(text, [small])).toThrow(/no room|no space/i);
    closeSync(unnamedFile("add a-set 192.0.2.1\n", [small]));
  });
});

const withSmallDirectory = (body: (path: string) => void): void => {
  const path = mkdtempSync(join(tmpdir(), "pod-qos-small-"));
  execaSync("mount", ["-t", "tmpfs", "-o", "size=64k", "lab", path]);
  try {
    body(path);
  } finally {
    execaSync("umount", [path]);
    rmSync(path, { recursive: true });
  }
};
