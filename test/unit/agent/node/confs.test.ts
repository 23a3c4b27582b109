/** Which networks the conf directory makes, and with what entry of ours: files of their own, a conf of Multus, CNI 1.1's drop-ins. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfs } from "../../../../plugin/agent/node/confs.ts";
import { eventually } from "../../../lab/cluster/eventually.ts";
import { watchConfs } from "../../../../plugin/state/watch-directory.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pod-qos-confs-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const ours = (egressRate: number) => ({ type: "pod-qos", egressRate });
const conflist = (name: string, ...plugins: readonly object[]) => ({
  cniVersion: "1.1.0",
  name,
  plugins: [{ type: "ptp" }, ...plugins],
});
const multus = (...delegates: readonly object[]) => ({ name: "multus-net", type: "multus", delegates });

const put = (files: Readonly<Record<string, unknown>>): void => {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(`${directory}/${name}`), { recursive: true });
    writeFileSync(`${directory}/${name}`, typeof content === "string" ? content : JSON.stringify(content));
  }
};
const ratesNow = () => {
  const { entries, faults } = readConfs(directory, "/run/pod-qos");
  return {
    rates: Object.fromEntries([...entries].map(([network, entry]) => [network, entry["egressRate"]])),
    faults,
  };
};

describe("the networks of a conf directory", () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, number>>]>([
    ["a conflist", { "10-a.conflist": conflist("a", ours(1)) }, { a: 1 }],
    ["one without pod-qos", { "10-a.conflist": conflist("a") }, {}],
    [
      "the first of two files with one network",
      { "10-a.conflist": conflist("a", ours(1)), "20-a.conflist": conflist("a", ours(2)) },
      { a: 1 },
    ],
    [
      "what a conf of Multus delegates to",
      { "00-multus.conf": multus(conflist("a", ours(1)), { name: "b", type: "ptp" }) },
      { a: 1 },
    ],
    [
      "the same in a conflist of Multus",
      { "00-multus.conflist": { ...conflist("multus-net"), plugins: [multus(conflist("a", ours(1)))] } },
      { a: 1 },
    ],
    ["a delegate of another plugin is not ours to read", { "10.conf": { type: "x", delegates: [1] } }, {}],
    [
      "a drop-in",
      { "10-a.conflist": conflist("a"), "a/50-qos.conf": ours(3), "a/readme.txt": "no conf" },
      { a: 3 },
    ],
    [
      "drop-ins alone",
      {
        "10-a.conflist": { cniVersion: "1.1.0", name: "a" },
        "a/10.conf": { type: "ptp" },
        "a/20.conf": ours(3),
      },
      { a: 3 },
    ],
    [
      "no drop-in where the conflist refuses them",
      { "10-a.conflist": { ...conflist("a"), loadOnlyInlinedPlugins: true }, "a/50-qos.conf": ours(3) },
      {},
    ],
    ["no drop-in of another network", { "10-a.conflist": conflist("a"), "b/50-qos.conf": ours(3) }, {}],
  ])("%s", (_, files, rates) => {
    put(files);
    expect(ratesNow()).toEqual({ rates, faults: [] });
  });

  it("a drop-in that cannot be read leaves its network out, and says so", () => {
    put({
      "10-a.conflist": conflist("a", ours(1)),
      "a/50.conf": "{",
      "20-b.conflist": conflist("b", ours(2)),
    });
    expect(ratesNow()).toEqual({
      rates: { b: 2 },
      faults: [expect.stringContaining("10-a.conflist")],
    });
  });
});

it("is told of a drop-in that changes, and of the first", async () => {
  const ending = new AbortController();
  const seen: unknown[] = [];
  put({ "10-a.conflist": conflist("a") });
  const look = (): void => void seen.push(ratesNow().rates["a"]);
  watchConfs(directory, look, ending.signal, (error) => seen.push(error));
  for (const rate of [3, 4]) {
    put({ "a/50.conf": ours(rate) });
    await eventually(`${rate}`, () => (seen.at(-1) === rate ? true : undefined), { withinMs: 5_000 });
  }
  ending.abort();
});

it("is told of changes beside a link that leads to itself", async () => {
  const ending = new AbortController();
  const [seen, told] = [[] as unknown[], [] as unknown[]];
  symlinkSync("loop", `${directory}/loop`);
  put({ "10-a.conflist": conflist("a", ours(1)) });
  const look = (): void => void seen.push(ratesNow().rates["a"]);
  watchConfs(directory, look, ending.signal, (error) => told.push(error));
  expect(seen).toEqual([1]);
  put({ "10-a.conflist": conflist("a", ours(2)) });
  await eventually("2", () => (seen.at(-1) === 2 ? true : undefined), { withinMs: 5_000 });
  ending.abort();
  expect(told).toEqual([]);
});
