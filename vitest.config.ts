import { defineConfig } from "vitest/config";

/**
 * Kernel and e2e tests measure real traffic on shared cores: one file at a time. On a CI machine, which others use as well, what
 * fails is tried once more: a bug fails twice.
 */
const oneAtATime = {
  fileParallelism: false,
  sequence: { concurrent: false },
  retry: process.env["CI"] === "true" ? 1 : 0,
} as const;

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        test: {
          name: "kernel",
          include: ["test/kernel/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          ...oneAtATime,
        },
      },
      {
        test: {
          name: "vm",
          include: ["test/vm/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
          ...oneAtATime,
        },
      },
    ],
  },
});
