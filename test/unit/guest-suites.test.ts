/** A run of tests in the VM is not well only because none of those that it reports failed. */
import { describe, expect, test } from "vitest";
import { unaccounted, type SuiteResult } from "../vm/guest-suites.ts";

const of = (file: string, ...statuses: readonly string[]): SuiteResult => ({
  file,
  tests: statuses.map((status) => ({ title: "a test", status, messages: [] })),
});
const [first, second] = ["test/e2e/a.test.ts", "test/e2e/b.test.ts"];
const files = [first, second];
const titles = (results: readonly SuiteResult[]): readonly string[] =>
  results.flatMap(({ file, tests }) => tests.map(({ title, status }) => `${file} ${title}: ${status}`));

describe("what the report of the VM does not say", () => {
  test("nothing, where each file has tests and the end was good", () => {
    const results = [of(first, "passed"), of(second, "skipped")];
    expect(unaccounted({ files, results, exitCode: 0, output: "" })).toEqual([]);
  });

  test.each([
    ["is not in it", [of(first, "passed")]],
    ["has no test in it", [of(first, "passed"), of(second)]],
  ])("a file that %s was not run", (_, results) => {
    expect(titles(unaccounted({ files, results, exitCode: 0, output: "" }))).toEqual([
      `${second} is run: failed`,
    ]);
  });

  test("an end in failure without a test that failed is one, with the last of the output", () => {
    const results = [of(first, "passed"), of(second, "passed")];
    const found = unaccounted({ files, results, exitCode: 1, output: "Unhandled Rejection" });
    expect(titles(found)).toEqual(["vitest itself ends well: failed"]);
    expect(found[0]?.tests[0]?.messages[0]).toContain("Unhandled Rejection");
  });

  test("a test that failed tells of the exit code already", () => {
    const results = [of(first, "failed"), of(second, "passed")];
    expect(unaccounted({ files, results, exitCode: 1, output: "" })).toEqual([]);
  });
});
