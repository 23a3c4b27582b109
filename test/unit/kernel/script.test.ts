/** What several tools said that one shell started, read back into the outcome of each. */
import { expect, it } from "vitest";
import type { Outcome } from "../../../plugin/kernel/exec.ts";
import { outcomesIn } from "../../../plugin/kernel/script.ts";

const end = (name: number | string, code: number): string => `\nmark ${name} ${code}\n`;
const limit = "sh: ended by SIGKILL (time limit 20000 ms)";
const [first, second] = [
  { exitCode: 0, stdout: "one", stderr: "" },
  { exitCode: 1, stdout: "two", stderr: "no such device" },
];

const noWay = { exitCode: -1, stdout: "", stderr: "nsenter: no such file" };

it.each<readonly [string, Outcome, readonly Outcome[]]>([
  [
    "of all",
    {
      exitCode: 0,
      stdout: `one${end(0, 0)}two${end(1, 1)}`,
      stderr: `${end(0, 0)}no such device${end(1, 1)}`,
    },
    [first, second],
  ],
  [
    "of one that could not be started",
    { exitCode: 0, stdout: `one${end(0, 0)}${end(1, 127)}`, stderr: `${end(0, 0)}not found${end(1, 127)}` },
    [first, { exitCode: -1, stdout: "", stderr: "not found" }],
  ],
  [
    "where the shell found no way into the pod",
    {
      exitCode: 0,
      stdout: `one${end(0, 0)}${end("all:1,2", 1)}two${end(3, 1)}${end("all:3", 1)}`,
      stderr: `${end(0, 0)}nsenter: no such file${end("all:1,2", 1)}no such device${end(3, 1)}${end("all:3", 1)}`,
    },
    [first, noWay, noWay, second],
  ],
  [
    "where the time was up after the first",
    { exitCode: -1, stdout: `one${end(0, 0)}tw`, stderr: `${limit}\n${end(0, 0)}` },
    [first, { exitCode: -1, stdout: "", stderr: limit }],
  ],
  [
    "where the time was up after the second, which had complained",
    {
      exitCode: -1,
      stdout: `one${end(0, 0)}two${end(1, 1)}`,
      stderr: `${limit}\n${end(0, 0)}no such device${end(1, 1)}waiting`,
    },
    [first, second, { exitCode: -1, stdout: "", stderr: `${limit}\nwaiting` }],
  ],
  [
    "where the time was up before the first had ended",
    { exitCode: -1, stdout: "", stderr: `${limit}\nwaiting` },
    [
      { exitCode: -1, stdout: "", stderr: `${limit}\nwaiting` },
      { exitCode: -1, stdout: "", stderr: `${limit}\nwaiting` },
    ],
  ],
  [
    "where the shell could not be started",
    { exitCode: -1, stdout: "", stderr: "sh: could not be started" },
    [{ exitCode: -1, stdout: "", stderr: "sh: could not be started" }],
  ],
])("the outcomes %s", (_, whole, each) => {
  expect(outcomesIn(whole, "mark", each.length)).toEqual(each);
});
