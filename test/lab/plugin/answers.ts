import { expect } from "vitest";
import type { CniErrorObject, PluginResult } from "./plugin.ts";

/** Exit 0, no error object, not a word on stderr; what is on stdout comes back. */
export const succeeded = (result: PluginResult): string => {
  expect(result).toMatchObject({ exitCode: 0, stderr: "", error: undefined });
  return result.stdout;
};

/** What CNI wants of DEL, CHECK, GC and STATUS. */
export const succeededSilently = (result: PluginResult): void => {
  expect(succeeded(result)).toBe("");
};

/** One CNI error object with this code, whose msg has all of `mentions`; log lines on stderr; no stack trace. */
export const failed = (
  result: PluginResult,
  code: number,
  mentions: readonly string[] = [],
): CniErrorObject => {
  expect(result).toMatchObject({ exitCode: 1, error: { code } });
  const { stdout, stderr, error = { code: 0, msg: "" } } = result;
  // Design 1.6: which pod, for whoever reads a list of them. Verbs that are about no pod name none.
  if (ABOUT_A_POD.test(stderr)) expect(error.msg).toMatch(/^(pod|container) \S+ \S+/);
  for (const mention of mentions) expect(error.msg).toContain(mention);
  expect(Object.keys(error).filter((key) => !MEMBERS.has(key))).toEqual([]);
  expect(stdout).not.toContain("\n");
  expect(stdout).not.toMatch(STACK);
  expect(stderr.split("\n").filter((line) => line !== "" && !LOG_LINE.test(line))).toEqual([]);
  return error;
};

const ABOUT_A_POD = / pod-qos: (ADD|CHECK|DEL) (pod|container) /;
const MEMBERS = new Set(["cniVersion", "code", "msg", "details"]);
const STACK = /\s+at \S+ \(|node:internal|\.cjs:\d+/;
const LOG_LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warn|error) pod-qos: (?!.*\bat \S+ \()/;
