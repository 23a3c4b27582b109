/**
 * Batches for tc or ip on the node, put together to one: each of these tools lists all links of the node when it starts, and a node
 * full of pods has hundreds. Between two batches stands a line that is no command. `-force` goes on behind it, and the
 * refusal stands where the first batch's answer ends. Pure.
 */
import { batchText, type Batch } from "../program/handler.ts";
import type { Outcome } from "./exec.ts";

/** What goes on behind a refused line, and says so. */
export function canBeJoined({ argv }: Batch): boolean {
  return argv.slice(-3).join(" ") === "-force -batch -";
}

/** The input of all. Both outputs of the tool must go to one place. */
export function joined(batches: readonly Batch[]): string {
  return batches.map(({ input }) => input).join(batchText([separator]));
}

/** The outcome of each, as if it had been started alone; that its complaints stand among its answers no parser minds. */
export function outcomesOfJoined({ exitCode, stdout, stderr }: Outcome, count: number): readonly Outcome[] {
  const parts = stdout.split(refused);
  // The tool was ended, or says it otherwise: nothing is known.
  if (exitCode === -1 || parts.length !== count)
    return Array.from({ length: count }, () => ({ exitCode: -1, stdout: "", stderr: stderr || stdout }));
  return parts.map((part) =>
    /^Command failed /m.test(part)
      ? { exitCode: 1, stdout: part, stderr: part }
      : { exitCode: 0, stdout: part, stderr: "" },
  );
}

const separator = "pod-qos-next";
const refused = new RegExp(`^Object "${separator}" is unknown.*\\n(?:Command failed .*\\n)?`, "m");
