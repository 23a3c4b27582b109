/** Paths of the conf that lead somewhere odd: nothing hangs, and the message names them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { crowding } from "../lab/measure/machine.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
let pod: Plug;
beforeAll(async () => {
  node = await warmNode();
  pod = await plug(node, { conf: allWishes });
  await node.exec("sh", ["-ec", "touch /run/a-file; ln -s loop /run/loop; mkfifo /run/pipe"]);
});
afterAll(() => node[Symbol.asyncDispose]());

describe("a state directory", () => {
  test.each([
    ["under /proc", "/proc/pod-qos"],
    ["that is a file", "/run/a-file"],
    ["below a file", "/run/a-file/state"],
    ["that is a symbolic link to itself", "/run/loop"],
    ["with a part that is too long", `/run/${"x".repeat(300)}`],
  ])("%s: ADD names it and what to change, leaves nothing, and DEL succeeds", async (_, stateDir) => {
    const before = await exactState(node, pod.pod);
    const began = performance.now();
    const { msg, details } = failed(await pod.call("ADD", { conf: { stateDir } }), 5, [stateDir]);
    expect(performance.now() - began).toBeLessThan(10_000 * (await crowding()));
    expect(`${msg} ${details}`).toContain('"stateDir"');
    succeededSilently(await pod.call("DEL", { conf: { stateDir } }));
    expect(await exactState(node, pod.pod)).toBe(before);
  });
});

test("a state directory that became read-only: DEL says which file could not go, and the next one ends it", async () => {
  const stateDir = "/run/read-only";
  const conf = { stateDir };
  const before = await exactState(node, pod.pod);
  succeeded(await pod.call("ADD", { conf }));
  await node.exec("sh", [
    "-ec",
    `mount --bind ${stateDir} ${stateDir}; mount -o remount,bind,ro ${stateDir}`,
  ]);
  const { msg, details } = failed(await pod.call("DEL", { conf }), 5, [`${stateDir}/`, "cannot be removed"]);
  expect(`${msg} ${details}`).toContain('"stateDir"');
  await node.exec("umount", [stateDir]);
  succeededSilently(await pod.call("DEL", { conf }));
  await node.exec("rm", ["-r", stateDir]);
  expect(await exactState(node, pod.pod)).toBe(before);
});

describe("a log file that is a pipe without a reader", () => {
  test("is no reason to wait", async () => {
    const conf = { logFile: "/run/pipe", logLevel: "debug" };
    const began = performance.now();
    succeeded(await pod.call("ADD", { conf }));
    succeededSilently(await pod.call("DEL", { conf }));
    expect(performance.now() - began).toBeLessThan(10_000 * (await crowding()));
  });
});
