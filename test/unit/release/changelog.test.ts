/** What a release makes of CHANGELOG.md. */
import { expect, it } from "vitest";
import { sectionOf, turnedOver } from "../../../scripts/release/changelog.ts";
import { textOf } from "../support/documents.ts";

const before = "# Changelog\n\n## Unreleased\n\n- new\n\n## 0.1.0\n\n- first\n";

it("what was unreleased is the version's, and a new section begins", () => {
  const after = turnedOver(before, "0.2.0");
  expect(after).toBe("# Changelog\n\n## Unreleased\n\n## 0.2.0\n\n- new\n\n## 0.1.0\n\n- first\n");
  expect([sectionOf(after, "Unreleased"), sectionOf(after, "0.2.0")]).toEqual(["", "- new"]);
});

it("a second time it is the same", () => {
  const after = turnedOver(before, "0.2.0");
  expect(turnedOver(after, "0.2.0")).toBe(after);
});

it.each([
  ["a version that was released", before, "0.1.0", "raise the version in package.json"],
  [
    "nothing that is new",
    "# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- first\n",
    "0.2.0",
    "neither a section",
  ],
])("%s is refused", (_, text, version, message) => {
  expect(() => turnedOver(text, version)).toThrow(message);
});

it("our own has an Unreleased section", () => {
  expect(sectionOf(textOf("CHANGELOG.md"), "Unreleased")).toEqual(expect.any(String));
});
