/** docs/doctor.md has a heading for each check that doctor prints a link to, and for no other. */
import { expect, it } from "vitest";
import { checks } from "../../../plugin/cli/doctor/checks.ts";
import { textOf } from "../support/documents.ts";

it("docs/doctor.md explains each check under its id, in their order", () => {
  const headings = [...textOf("docs/doctor.md").matchAll(/^### (.*)$/gm)].map(([, title]) => title);
  expect(headings).toEqual(checks.map(({ id }) => id));
});

it("and says of each what is so where it passes", () => {
  const parts = textOf("docs/doctor.md").split(/^### /m);
  for (const { id, wants } of checks) {
    const part = parts.find((each) => each.startsWith(`${id}\n`)) ?? "";
    expect(part.replaceAll("\n", " ").toLowerCase()).toContain(wants.toLowerCase());
  }
});
