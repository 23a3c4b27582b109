import { globSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** On a CI machine, which others use as well, what fails is tried once more: a bug fails twice. */
const retry = process.env["CI"] === "true" ? 1 : 0;

const cores = availableParallelism();

/** The VM's processor is emulated: what others do on this machine meanwhile costs it several times as much. */
const timeLimit =
  process.env["POD_QOS_VM"] === "1" ? { short: 300_000, long: 600_000 } : { short: 120_000, long: 300_000 };

/** What measures has the machine to itself. */
const oneAtATime = { fileParallelism: false, sequence: { concurrent: false } } as const;

/** A functional file mostly waits for one process after the other. The VM has one processor. */
const sideBySide = {
  maxWorkers: cores === 1 ? 1 : Math.min(cores + 1, 6),
  sequence: { groupOrder: 1 },
} as const;

/** What runs beside other files, the longest first: else one processor is idle while the last of them ends. */
const LONGEST = [
  "long/install",
  "vm/suites-traffic",
  "vm/suites-objects",
  "vm/kubelet",
  "vm/ovn",
  "vm/containerd",
  "e2e/same-decision",
  "e2e/agent-killed",
  "traffic/crash-kill",
  "traffic/crash-interleaved",
  "traffic/crash-uplink",
  "e2e/crash-many",
  "e2e/install-watch",
  "e2e/doctor",
  "e2e/install-killed",
].map((name) => `test/${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

const place = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(name));
  return at === -1 ? LONGEST.length : at;
};

/** Each file boots a machine of one processor. */
const twoMachines = { maxWorkers: Math.min(2, cores), sequence: { groupOrder: 2 } } as const;

/** Of the traffic tier, what only counts, and what sends little and for the most part waits for it: two of them leave each other time. */
const LIGHT = [
  "crash-kill",
  "crash-interleaved",
  "crash-uplink",
  "captured-input",
  "chain-conflists",
  "chain-flannel-cap",
  "chain-neighbour",
  "chain-second-network",
  "class-renamed",
  "marks-and-limits",
  "mtu-raised",
  "plugins-suite",
  "rules-guide",
  "rules-upstream",
  "show-drops",
].map((name) => `test/traffic/${name}.test.ts`);

/** Of the cluster tier, what measures something that others at work would change. The rest waits for API server and agent. */
const MEASURED_IN_CLUSTER = ["away", "cost", "crowd", "namespaces", "nothing-lost"].map(
  (name) => `test/cluster/${name}.test.ts`,
);

const twoAtATime = {
  maxWorkers: Math.min(2, cores),
  sequence: { concurrent: false, groupOrder: 3 },
} as const;

/** Of the tier long is what repeats something. */
const repeats = (file: string): boolean => readFileSync(file, "utf8").includes("lab/measure/repetitions.ts");
const long = globSync("test/{unit,kernel,e2e,traffic,cluster}/**/*.test.ts").filter(repeats);

/** Of these, what only counts. The rest measures and has the machine to itself once they have ended. */
const COUNTS = /^test\/(?:unit\/|e2e\/|traffic\/crash-|cluster\/crds\.)/;

/** Of what no other tier has, what measures. */
const MEASURED_IN_LONG = ["test/long/scale.test.ts"];

const limitsOfLong = { testTimeout: 1_800_000, hookTimeout: 300_000, retry };

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Whole: of figures with one name the table has the last alone.
    taskTitleValueFormatTruncate: 120,
    projects: [
      // Milliseconds each; a machine that others load takes a hundred times as long for some.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 60_000, maxWorkers: cores } },
      {
        test: {
          name: "kernel",
          include: ["test/kernel/**/*.test.ts"],
          testTimeout: timeLimit.short,
          hookTimeout: timeLimit.short,
          retry,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: timeLimit.long,
          hookTimeout: timeLimit.short,
          retry,
          ...sideBySide,
        },
      },
      {
        test: {
          name: "traffic",
          include: ["test/traffic/**/*.test.ts"],
          exclude: LIGHT,
          testTimeout: timeLimit.long,
          hookTimeout: timeLimit.short,
          retry,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "traffic-light",
          include: LIGHT,
          testTimeout: timeLimit.long,
          hookTimeout: timeLimit.short,
          retry,
          ...twoAtATime,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          exclude: MEASURED_IN_CLUSTER,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry,
          ...twoAtATime,
        },
      },
      {
        test: {
          name: "cluster-measured",
          include: MEASURED_IN_CLUSTER,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          retry,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 1_000_000,
          retry,
          ...twoMachines,
        },
      },
      {
        test: {
          name: "long",
          include: [...long.filter((file) => !COUNTS.test(file)), ...MEASURED_IN_LONG],
          env: { POD_QOS_LONG: "1" },
          ...limitsOfLong,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "long-together",
          include: long.filter((file) => COUNTS.test(file)),
          env: { POD_QOS_LONG: "1" },
          ...limitsOfLong,
          ...sideBySide,
        },
      },
      // What no other tier has, beside what only counts.
      {
        test: {
          name: "long-alone",
          include: ["test/long/*.test.ts"],
          exclude: MEASURED_IN_LONG,
          env: { POD_QOS_LONG: "1" },
          ...limitsOfLong,
          ...sideBySide,
        },
      },
    ],
  },
});
