/** What the mutants of test/lab/agent/mutants.ts change is still there to be changed. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutantsOfOrder } from "../lab/agent/mutants.ts";

test.each(mutantsOfOrder)("$file has once what is wrong where: $title", ({ file, from, to }) => {
  const text = readFileSync(new URL(`../../plugin/${file}`, import.meta.url), "utf8");
  expect(text.split(from)).toHaveLength(2);
  expect(to).not.toBe(from);
});
