/** One at a time works at an attachment: who lives is waited for, who died is not. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/answers.ts";
import { exactState, recordNames, stateFiles } from "../lab/exact-state.ts";
import type { LabNode } from "../lab/node.ts";
import { plug, type Plug } from "../lab/plug.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/warm-node.ts";
import { ifbName } from "../../plugin/datapath/names.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const ended = async (pod: Plug): Promise<void> => {
  succeededSilently(await pod.call("DEL"));
  await pod.unplug();
  await pod.pod.remove();
};

const locks = (): readonly string[] =>
  existsSync(node.path("/run/pod-qos/locks")) ? readdirSync(node.path("/run/pod-qos/locks")) : [];

/** As a plugin of that process would have written it. */
const lockAs = (pod: Plug, pid: number, startTime: string, more: object = {}): void => {
  const directory = node.path("/run/pod-qos/locks");
  mkdirSync(directory, { recursive: true });
  const identity = { network: "lab", containerId: pod.pod.containerId, ifname: pod.ifname };
  const said = {
    pid,
    startTime,
    pidNamespace: pidNamespace(),
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    verb: "ADD",
    since: Number.parseFloat(readFileSync("/proc/uptime", "utf8")),
    ...more,
  };
  symlinkSync(JSON.stringify(said), `${directory}/${ifbName(identity)}.${pid}.${startTime}`);
};

const pidNamespace = (): string => readlinkSync("/proc/self/ns/pid");

const startTimeOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ")[19] ?? "";

test("no lock is left behind by ADD, ADD again, DEL, and a failed ADD", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    succeeded(await pod.call("ADD"));
    expect(locks()).toEqual([]);
    failed(await pod.call("ADD", { ifname: "eth7" }), 100, ["eth7"]);
    expect(locks()).toEqual([]);
    await ended(pod);
    expect(locks()).toEqual([]);
  });
});

test.each(["ADD", "DEL"] as const)(
  "%s waits 5 s for a living owner, then says who it is: 11",
  async (verb) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: allWishes });
      lockAs(pod, process.pid, startTimeOf(process.pid));
      const before = [await exactState(node, pod.pod), stateFiles(node)];
      const started = performance.now();
      failed(await pod.call(verb), 11, [`ADD (process ${process.pid})`, "try again later"]);
      expect(performance.now() - started).toBeGreaterThan(4_900);
      expect([await exactState(node, pod.pod), stateFiles(node)]).toEqual(before);
      await node.exec("sh", ["-c", "rm /run/pod-qos/locks/*"]);
      await ended(pod);
    });
  },
);

test.each([
  ["is gone", { pid: 4_194_300, startTime: "1" }],
  ["has a number that is another's by now", { pid: process.pid, startTime: "1" }],
  ["was of another boot", { pid: process.pid, bootId: "00000000-0000-4000-8000-000000000000" }],
  ["cannot be seen from here and is too old", { pid: 1, pidNamespace: "pid:[1]", since: -200 }],
])("an owner that %s is not waited for, and its lock goes", async (_, { pid, startTime, ...more }: Owner) => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    lockAs(pod, pid, startTime ?? startTimeOf(pid), more);
    const started = performance.now();
    succeeded(await pod.call("ADD"));
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(locks()).toEqual([]);
    lockAs(pod, pid, startTime ?? startTimeOf(pid), more);
    succeededSilently(
      await pod.call("GC", {
        conf: { "cni.dev/valid-attachments": [{ containerID: pod.pod.containerId, ifname: "eth0" }] },
      }),
    );
    expect(locks()).toEqual([]);
    await ended(pod);
  });
});

type Owner = {
  readonly pid: number;
  readonly startTime?: string;
  readonly pidNamespace?: string;
  readonly bootId?: string;
  readonly since?: number;
};

test("ADDs of one attachment at once are all right, and one DEL takes it all", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const before = await exactState(node, pod.pod);
    const answers = await Promise.all(Array.from({ length: 4 }, () => pod.call("ADD")));
    for (const answer of answers) succeeded(answer);
    succeededSilently(await pod.call("CHECK"));
    const [added, deleted] = await Promise.all([pod.call("ADD"), pod.call("DEL")]);
    succeeded(added);
    succeededSilently(deleted);
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toBe(before);
    expect([recordNames(node), locks()]).toEqual([[], []]);
    await ended(pod);
  });
});
