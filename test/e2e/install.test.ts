/** 000-4 install/install: one step per node that can be repeated, under a runtime that starts pods meanwhile. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pluginPath } from "../lab/paths.ts";

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "pod-qos-bin-"));
});
afterEach(() => rmSync(bin, { recursive: true }));

const script = resolve(import.meta.dirname, "../../install/install");
const install = (directory = bin, executable = pluginPath()) =>
  execa(script, [directory], { env: { POD_QOS_EXECUTABLE: executable }, reject: false });

test("000-4 puts the executable where it is told, and nothing else there", async () => {
  for (let times = 0; times < 2; times += 1) expect(await install()).toMatchObject({ exitCode: 0 });
  expect(readdirSync(bin)).toEqual(["pod-qos"]);
  expect(statSync(join(bin, "pod-qos")).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(bin, "pod-qos")).equals(readFileSync(pluginPath()))).toBe(true);
});

test("prints an entry that the plugin takes", async () => {
  const { stdout } = await install();
  const [entry = ""] = /\{[\s\S]*\n {2}\}/.exec(String(stdout)) ?? [];
  const conf = { ...(JSON.parse(entry) as object), cniVersion: "1.1.0", name: "lab", stateDir: bin };
  const status = await execa(join(bin, "pod-qos"), [], {
    env: { CNI_COMMAND: "STATUS" },
    input: JSON.stringify(conf),
    reject: false,
  });
  expect(status).toMatchObject({ exitCode: 0, stdout: "" });
});

test("a runtime that starts the plugin all the while finds a whole one", async () => {
  await install();
  const installing = new AbortController();
  const calls = (async (): Promise<readonly string[]> => {
    const answers: string[] = [];
    while (!installing.signal.aborted)
      answers.push((await execa(join(bin, "pod-qos"), ["--version"])).stdout);
    return answers;
  })();
  for (let times = 0; times < 3; times += 1) expect(await install()).toMatchObject({ exitCode: 0 });
  installing.abort();
  const answers = await calls;
  expect(answers.length).toBeGreaterThan(3);
  expect([...new Set(answers)]).toHaveLength(1);
});

test.each([
  ["a directory that does not exist", "/nowhere/bin", pluginPath(), "/nowhere/bin does not exist"],
  ["an executable that was not built", undefined, "/nowhere/pod-qos", "run 'npm run build' first"],
  ["one that does not start here", undefined, "not-a-program", "does not start on this machine"],
])("%s is told, and leaves nothing", async (_, directory, executable, words) => {
  const broken = join(bin, "not-a-program");
  writeFileSync(broken, "#!/bin/false\n", { mode: 0o755 });
  const result = await install(directory, executable === "not-a-program" ? broken : executable);
  expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(words) as string });
  expect(readdirSync(bin)).toEqual(["not-a-program"]);
});
