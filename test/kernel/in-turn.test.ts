/** Tools started by a shell say and end as they do when they are started alone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runInTurn, type Call } from "../../plugin/kernel/in-turn.ts";
import { runAt } from "../../plugin/kernel/netns.ts";
import { createNode, type LabNode } from "../lab/node.ts";

let node: LabNode;
let netns: string;
beforeAll(async () => {
  node = await createNode();
  netns = `/proc/${node.holderPid}/ns/net`;
  await node.exec("ip", ["link", "add", "pod-only", "type", "veth", "peer", "name", "pod-peer"]);
});
afterAll(() => node[Symbol.asyncDispose]());

const call = (place: Call["place"], argv: readonly string[], input = ""): Call => ({
  place,
  batch: { argv, input },
});

test("in the order that was asked, whichever place each is at", async () => {
  const links = call("pod", ["ip", "-o", "link", "show", "pod-only"]);
  const [first, here, there, last] = await runInTurn(
    [links, call("node", ["ip", "-o", "link", "show", "pod-only"]), links, call("node", ["true"])],
    netns,
  );
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(first?.stdout).toContain("pod-only");
  expect(there).toEqual(first);
  expect(here).toEqual({ exitCode: 1, stdout: "", stderr: 'Device "pod-only" does not exist.\n' });
  expect(last).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test.each<readonly [string, Call]>([
  ["input without an end of line", call("node", ["cat"], "a'b $HOME `x`\\n")],
  ["input of many lines", call("pod", ["cat"], "1\n\n2\n  3 EOF\n".repeat(1_000))],
  ["no input", call("pod", ["cat"])],
  ["words that a shell would read", call("pod", ["printf", "%s|", "a b", "'", "$HOME", "*", ""])],
  [
    "what fails half way",
    call("pod", ["tc", "-force", "-batch", "-"], "qdisc show dev lo\nqdisc show dev no\n"),
  ],
  ["an exit code of its own", call("node", ["sh", "-c", "echo out; echo err >&2; exit 7"])],
])("as if it were started alone: %s", async (_, one) => {
  const alone = await runAt(one.place, netns, one.batch);
  // A here-document ends its last line.
  const ended = one.batch.input === "" || one.batch.input.endsWith("\n") ? "" : "\n";
  const wanted = { ...alone, stdout: alone.stdout + ended };
  const [before, same, again] = await runInTurn([call("node", ["true"]), one, one], netns);
  expect(before).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(same).toEqual(wanted);
  expect(again).toEqual(wanted);
});

test("what a signal ends counts for nothing, and the next are started all the same", async () => {
  const [killed, next] = await runInTurn(
    [call("pod", ["sh", "-c", "echo half; kill -9 $$"]), call("pod", ["echo", "whole"])],
    netns,
  );
  expect(killed?.exitCode).toBe(-1);
  expect(next).toEqual({ exitCode: 0, stdout: "whole\n", stderr: "" });
});

test("of a namespace that is gone it says so for each that was to go there", async () => {
  const [here, ...there] = await runInTurn(
    [call("node", ["echo", "here"]), call("pod", ["true"]), call("pod", ["true"])],
    "/run/netns/none",
  );
  expect(here).toEqual({ exitCode: 0, stdout: "here\n", stderr: "" });
  for (const each of there) {
    expect(each.exitCode).toBe(-1);
    expect(each.stderr).toMatch(/\/run\/netns\/none.*No such file/);
  }
});

test("a tool that is not there is told by its name", async () => {
  const [there, missing] = await runInTurn([call("node", ["true"]), call("node", ["no-such-tool"])], netns);
  expect(there?.exitCode).toBe(0);
  expect(missing).toMatchObject({ exitCode: -1 });
  expect(missing?.stderr).toMatch(/no-such-tool: not found in/);
});
