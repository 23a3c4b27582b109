/** A release and an image take the place of the one before, and of nothing else that `--out` may name. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { assertReplaceable } from "../../../scripts/build/replaceable.ts";
import { makeImage } from "../../../scripts/image/image.ts";
import { release } from "../../../scripts/release/release.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pod-qos-replaced-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const nothing = { archs: [], fresh: false, epochSeconds: 0 };

it("a release leaves a folder alone that is none", async () => {
  writeFileSync(join(folder, "thesis"), "mine");
  const made = release({ ...nothing, built: folder, out: folder, changelog: "" });
  await expect(made).rejects.toThrow(`${folder} is not empty and has no SHA256SUMS: not replaced`);
  expect(readFileSync(join(folder, "thesis"), "utf8")).toBe("mine");
});

it("an image leaves a folder alone that is none", async () => {
  const layout = join(folder, "image");
  mkdirSync(layout);
  writeFileSync(join(layout, "holiday.jpg"), "mine");
  const made = makeImage({ ...nothing, executables: folder, out: folder, version: "1" });
  await expect(made).rejects.toThrow(`${layout} is not empty and has no oci-layout: not replaced`);
  expect([readdirSync(folder), readdirSync(layout)]).toEqual([["image"], ["holiday.jpg"]]);
});

describe("replaced is", () => {
  it("what is not there, what is empty, and the one before", async () => {
    await assertReplaceable(join(folder, "none"), "SHA256SUMS");
    await assertReplaceable(folder, "SHA256SUMS");
    writeFileSync(join(folder, "SHA256SUMS"), "");
    writeFileSync(join(folder, "pod-qos"), "");
    await assertReplaceable(folder, "SHA256SUMS");
  });

  it("no file", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    await expect(assertReplaceable(file, "SHA256SUMS")).rejects.toThrow(`${file} is no folder: not replaced`);
  });
});
