/** Runs files of tests in the VM, all in one boot, and reads what vitest reported there. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { runInVm } from "../../scripts/lab/vm/boot.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface SuiteResult {
  readonly file: string;
  readonly tests: readonly GuestTest[];
}

export interface GuestTest {
  readonly title: string;
  readonly status: string;
  readonly messages: readonly string[];
}

/** `files` one by one: a folder could not be held against what was run. */
export const runSuites = async (files: readonly string[]): Promise<readonly SuiteResult[]> => {
  const outFolder = mkdtempSync(join(tmpdir(), "pod-qos-suites-"));
  try {
    const { output, exitCode } = await runInVm({
      command: [...VITEST, ...files],
      cwd: ROOT,
      env: environment(),
      outFolder,
      timeoutMs: process.env["POD_QOS_FULL"] === "1" ? 6 * HOUR : 0.8 * HOUR,
      onOutput: (text) => process.stdout.write(text),
    });
    const report = join(outFolder, REPORT);
    if (!existsSync(report)) throw new Error(`vitest in the VM left no report:\n${output}`);
    const results = resultsOf(JSON.parse(readFileSync(report, "utf8")) as Report);
    return [...results, ...unaccounted({ files, results, exitCode, output })];
  } finally {
    rmSync(outFolder, { recursive: true });
  }
};

const HOUR = 3_600_000;
const REPORT = "report.json";
const BIN = join(ROOT, "node_modules/.bin");
const VITEST = [
  join(BIN, "vitest"),
  "run",
  "--no-color",
  // A worker for each file costs ten seconds of emulation. They run one after the other, and share no more than the lab.
  "--no-isolate",
  "--project=kernel",
  "--project=e2e",
  "--project=traffic*",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=/vm-out/${REPORT}`,
];

const environment = (): Readonly<Record<string, string>> => {
  const passed = ["CI", "POD_QOS_FULL", "POD_QOS_SEED"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...Object.fromEntries(passed),
    PATH: `${BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    POD_QOS_PEERS: resolve(ROOT, process.env["POD_QOS_PEERS"] ?? ".cache/peers/bin"),
  };
};

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** A file that could not be read to its end has no tests: that it could not is its one result. */
const resultsOf = ({ testResults }: Report): readonly SuiteResult[] =>
  testResults.map(({ name, status, message, assertionResults }) => {
    const tests = assertionResults.map((one) => ({
      title: one.fullName,
      status: one.status,
      messages: one.failureMessages ?? [],
    }));
    const broken = { title: "is read", status, messages: [message] };
    const unread = status === "failed" && tests.every((one) => one.status !== "failed");
    return { file: relative(ROOT, name), tests: unread ? [broken, ...tests] : tests };
  });

interface Ended {
  readonly files: readonly string[];
  readonly results: readonly SuiteResult[];
  readonly exitCode: number;
  readonly output: string;
}

/** What went wrong and no test tells: a file that was not run, or an end in failure without one that failed. */
export const unaccounted = ({ files, results, exitCode, output }: Ended): readonly SuiteResult[] => {
  const ran = new Set(results.filter(({ tests }) => tests.length > 0).map(({ file }) => file));
  const missing = files
    .filter((file) => !ran.has(file))
    .map((file) => failure(file, "is run", "vitest in the VM reports no test of it"));
  const told = results.some(({ tests }) => tests.some(({ status }) => status === "failed"));
  if (exitCode === 0 || told) return missing;
  const end = `exit code ${exitCode}, and no test failed:\n${output.slice(-4000)}`;
  return [...missing, failure("vitest itself", "ends well", end)];
};

const failure = (file: string, title: string, message: string): SuiteResult => ({
  file,
  tests: [{ title, status: "failed", messages: [message] }],
});
