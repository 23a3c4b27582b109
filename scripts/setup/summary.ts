/**
 * The last words of scripts/test: what was not run, what failed, of tier long every figure, and counts and minutes per tier.
 * Arguments: folder of the reports, file of notes, tiers.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { figureTable, minutesTable } from "./tables.ts";

const main = ([reports = "", notHad = "", ...tiers]: readonly string[]): void => {
  const results = tiers.map((tier) => ({ tier, tests: readReport(join(reports, `${tier}.json`)) }));
  const all = results.flatMap(({ tests }) => tests);
  const failures = all.filter(({ status }) => status === "failed");
  const notRun = all.filter(({ status }) => status !== "failed" && status !== "passed");
  print(
    "not run",
    notRun.map(({ fullName }) => fullName.replace("not run: ", "")),
  );
  print("this machine cannot have", lines(notHad));
  print("passed when tried again", all.filter(triedAgain).map(described));
  if (tiers.includes("long")) print("figures", figureTable(lines(join(reports, "figures"))));
  // Last, with what was wrong: a CI that keeps the end of the output keeps this.
  print("failed", failures.map(described));
  console.log("");
  const counted = Object.fromEntries(results.map(({ tier, tests }) => [tier, counts(tests)]));
  for (const line of minutesTable(lines(join(reports, "seconds")), { ...counted, total: counts(all) }))
    console.log(line);
  if (failures.length > 0 || results.some(({ tests }) => tests.length === 0)) process.exitCode = 1;
};

/** vitest keeps what an attempt failed with when the next one passes; a test of the VM has its word for it in its name. */
const triedAgain = ({ fullName, status, failureMessages }: Test): boolean =>
  status === "passed" && ((failureMessages ?? []).length > 0 || fullName.endsWith(TRIED_AGAIN));

const TRIED_AGAIN = ", when tried again";

interface Test {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages?: readonly string[] | null;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly Test[];
  }[];
}

/** A file that could not even be loaded has no tests to report and counts as one that failed. */
const readReport = (path: string): readonly Test[] => {
  if (!existsSync(path)) return [];
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  return report.testResults.flatMap(({ name, status, message = "", assertionResults }) =>
    assertionResults.length === 0 && status === "failed"
      ? [{ fullName: name, status, failureMessages: [message] }]
      : assertionResults,
  );
};

const described = ({ fullName, failureMessages }: Test): string => {
  const said = (failureMessages ?? []).flatMap((message) => stripVTControlCharacters(message).split("\n"));
  return [fullName, ...said.slice(0, LINES_EACH).map((line) => `    ${line.slice(0, COLUMNS_EACH)}`)].join(
    "\n",
  );
};

const LINES_EACH = 25;
const COLUMNS_EACH = 400;

const lines = (path: string): readonly string[] =>
  existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "")
    : [];

const print = (title: string, items: readonly string[]): void => {
  if (items.length > 0) console.log(["", `${title}:`, ...items.map((item) => `  ${item}`)].join("\n"));
};

const counts = (tests: readonly Test[]): string => {
  const passed = tests.filter(({ status }) => status === "passed").length;
  const failed = tests.filter(({ status }) => status === "failed").length;
  const rest = tests.length - passed - failed;
  return `${passed} passed, ${failed} failed${rest > 0 ? `, ${rest} not run` : ""}`;
};

main(process.argv.slice(2));
