/** Tools started by a shell say and end as they do when they are started alone. */
import { readlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome } from "../../plugin/kernel/exec.ts";
import { runInOrder, runInTurn, runUntilFailure } from "../../plugin/kernel/in-turn.ts";
import { runAt } from "../../plugin/kernel/netns.ts";
import { within } from "../../plugin/kernel/time-limit.ts";
import type { Batch } from "../../plugin/program/handler.ts";
import { lookAtLink, parseLinks } from "../../plugin/program/link/ifb.ts";
import { parseTc } from "../../plugin/program/tc/parse.ts";
import { listTc } from "../../plugin/program/tc/render.ts";
import type { Place } from "../../plugin/program/program.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";

let node: LabNode;
let netns: string;
beforeAll(async () => {
  node = await createNode();
  netns = `/proc/${node.holderPid}/ns/net`;
  await node.exec("ip", ["link", "add", "pod-only", "type", "veth", "peer", "name", "pod-peer"]);
});
afterAll(() => node[Symbol.asyncDispose]());

type Asked = { readonly place: Place; readonly batch: Batch };

const call = (place: Place, argv: readonly string[], input = ""): Asked => ({
  place,
  batch: { argv, input },
});
const inTurn = (asked: readonly Asked[], at = netns): Promise<readonly Outcome[]> =>
  runInTurn(asked.map(({ place, batch }) => ({ netns: place === "pod" ? at : undefined, batch })));

test("in the order that was asked, whichever place each is at", async () => {
  const links = call("pod", ["ip", "-o", "link", "show", "pod-only"]);
  const [first, here, there, last] = await inTurn([
    links,
    call("node", ["ip", "-o", "link", "show", "pod-only"]),
    links,
    call("node", ["true"]),
  ]);
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(first?.stdout).toContain("pod-only");
  expect(there).toEqual(first);
  expect(here).toEqual({ exitCode: 1, stdout: "", stderr: 'Device "pod-only" does not exist.\n' });
  expect(last).toEqual({ exitCode: 0, stdout: "", stderr: "" });
});

test.each<readonly [string, Asked]>([
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
  const started = await runAt(one.place, netns, one.batch);
  // A here-document ends its last line.
  const ended = one.batch.input === "" || one.batch.input.endsWith("\n") ? "" : "\n";
  const wanted = { ...started, stdout: started.stdout + ended };
  const [before, same, again] = await inTurn([call("node", ["true"]), one, one]);
  expect(before).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  expect(same).toEqual(wanted);
  expect(again).toEqual(wanted);
});

test("what a signal ends counts for nothing, and the next are started all the same", async () => {
  const [killed, next] = await inTurn([
    call("pod", ["sh", "-c", "echo half; kill -9 $$"]),
    call("pod", ["echo", "whole"]),
  ]);
  expect(killed?.exitCode).toBe(-1);
  expect(next).toEqual({ exitCode: 0, stdout: "whole\n", stderr: "" });
});

test("of a namespace that is gone it says so for each that was to go there", async () => {
  const [here, ...there] = await inTurn(
    [call("node", ["echo", "here"]), call("pod", ["true"]), call("pod", ["true"])],
    "/run/netns/none",
  );
  expect(here).toEqual({ exitCode: 0, stdout: "here\n", stderr: "" });
  for (const each of there) {
    expect(each.exitCode).toBe(-1);
    expect(each.stderr).toMatch(/\/run\/netns\/none.*No such file/);
  }
});

test("of several namespaces each with its own, also behind one that is gone", async () => {
  const other = "/proc/self/ns/net";
  const asked = [netns, "/run/netns/none", other, netns].map((at) => ({
    netns: at,
    batch: { argv: ["readlink", "/proc/self/ns/net"], input: "" },
  }));
  const [first, gone, second, again] = await runInTurn(asked);
  expect(first).toMatchObject({ exitCode: 0, stderr: "" });
  expect(again).toEqual(first);
  expect(gone).toMatchObject({ exitCode: -1, stdout: "" });
  expect(gone?.stderr).toMatch(/\/run\/netns\/none.*No such file/);
  expect(second).toEqual({ exitCode: 0, stdout: `${readlinkSync(other)}\n`, stderr: "" });
});

test("of devices on the node, which one tc is asked about, each has its own answer", async () => {
  const looks = ["lo", "no-such-device", "lo"].map((dev) => ({ netns: undefined, batch: listTc(dev) }));
  const [first, none, last] = await runInTurn(looks);
  const alone = await runAt("node", "", listTc("lo"));
  const seen = parseTc("lo", alone.stdout);
  expect(seen.exists).toBe(true);
  expect([first, last].map((outcome) => parseTc("lo", outcome?.stdout ?? ""))).toEqual([seen, seen]);
  expect(parseTc("no-such-device", none?.stdout ?? "").exists).toBe(false);
  expect(none).toMatchObject({ exitCode: 1 });
  expect(none?.stderr).toContain("Cannot find device");
});

test("of links on the node, which one ip is asked about, each has its own answer", async () => {
  const looks = ["lo", "no-such-link", "lo"].map((name) => ({ netns: undefined, batch: lookAtLink(name) }));
  const [first, none, last] = await runInTurn(looks);
  expect([first, last].map((outcome) => parseLinks(outcome?.stdout ?? "")[0]?.name)).toEqual(["lo", "lo"]);
  expect(none).toMatchObject({ exitCode: 1 });
  expect(none?.stderr).toContain("does not exist");
});

const inPod = (argv: readonly string[], input = "") => ({ netns, batch: { argv, input } });

test("what stands behind a failure is not started", async () => {
  const [made, refused, ...others] = await runUntilFailure([
    inPod(["echo", "made"]),
    inPod(["false"]),
    inPod(["ip", "link", "del", "pod-only"]),
  ]);
  expect(made).toEqual({ exitCode: 0, stdout: "made\n", stderr: "" });
  expect(refused).toEqual({ exitCode: 1, stdout: "", stderr: "" });
  expect(others).toEqual([]);
  const link = { argv: ["ip", "-o", "link", "show", "pod-only"], input: "" };
  expect((await runAt("pod", netns, link)).exitCode).toBe(0);
});

test("of a tool that is not there nothing behind it is started either", async () => {
  const outcomes = await runUntilFailure([inPod(["no-such-tool"]), inPod(["true"])]);
  expect(outcomes).toMatchObject([{ exitCode: -1 }]);
});

test("input that is too long for an argument", async () => {
  const long = inPod(["cat"], "a line of input\n".repeat(20_000));
  const outcomes = await runUntilFailure([inPod(["true"]), long]);
  expect(outcomes.map(({ exitCode, stdout }) => ({ exitCode, length: stdout.length }))).toEqual([
    { exitCode: 0, length: 0 },
    { exitCode: 0, length: 320_000 },
  ]);
});

test.each<readonly [string, readonly string[], string, string | undefined]>([
  ["said nothing is started", ["cat"], "", "then\n"],
  ["said nothing and failed is started", ["sh", "-c", "echo complaint >&2; exit 1"], "", "then\n"],
  ["said something is not started", ["cat"], "a filter\n", undefined],
  ["said something long is not started", ["cat"], "a filter\n".repeat(20_000), undefined],
  ["was ended by a signal is not started", ["sh", "-c", "kill -KILL $$"], "", undefined],
  ["is not there is not started", ["no-such-tool"], "", undefined],
])("what is only for silence: behind one that %s", async (_, argv, input, then) => {
  const first = inPod(argv, input);
  const onlyIfSilent = { ...inPod(["echo", "then"]), onlyIfSilent: true };
  const [before, between, behind] = await runInOrder([first, onlyIfSilent, inPod(["echo", "behind"])]);
  const alone = await runAt("pod", netns, first.batch);
  expect(before).toMatchObject({ exitCode: alone.exitCode });
  expect(before?.stdout.trim()).toBe(alone.stdout.trim());
  expect(between?.exitCode === 0 ? between.stdout : undefined).toBe(then);
  expect(behind).toMatchObject({ exitCode: 0, stdout: "behind\n" });
});

test("what the time limit ends takes along the tool that it had started", async () => {
  const left = await within(300, () => runInTurn([inPod(["true"]), inPod(["sleep", "41.5"])]));
  expect(left.map(({ exitCode }) => exitCode)).toEqual([0, -1]);
  expect(left[1]?.stderr).toMatch(/time limit/);
  const running = await node.exec("pgrep", ["-f", "sleep 41.5"], { reject: false });
  expect(running.stdout).toBe("");
});

test("a tool that is not there is told by its name", async () => {
  const [there, missing] = await inTurn([call("node", ["true"]), call("node", ["no-such-tool"])]);
  expect(there?.exitCode).toBe(0);
  expect(missing).toMatchObject({ exitCode: -1 });
  expect(missing?.stderr).toMatch(/no-such-tool: not found in/);
});
