/** One at a time works at an attachment: who lives is waited for, who died is not. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames, stateFiles } from "../lab/node/exact-state.ts";
import { callDetached } from "../lab/plugin/kill.ts";
import { lockAs, lockNames, NOBODY, startTimeOf } from "../lab/plugin/locks.ts";
import type { LabNode } from "../lab/node/node.ts";
import { ended, plug, type Plug } from "../lab/plugin/plug.ts";
import { readRecordOf, recordPathOf } from "../lab/plugin/records.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

test("no lock is left behind by ADD, ADD again, DEL, and a failed ADD", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    succeeded(await pod.call("ADD"));
    succeeded(await pod.call("ADD"));
    expect(lockNames(node)).toEqual([]);
    failed(await pod.call("ADD", { ifname: "eth7" }), 100, ["eth7"]);
    expect(lockNames(node)).toEqual([]);
    await ended(pod);
    expect(lockNames(node)).toEqual([]);
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
  ["is gone", { pid: NOBODY, startTime: "1" }],
  ["has a number that is another's by now", { pid: process.pid, startTime: "1" }],
  ["was of another boot", { pid: process.pid, bootId: "00000000-0000-4000-8000-000000000000" }],
  ["cannot be seen from here and is too old", { pid: 1, pidNamespace: "pid:[1]", since: -200 }],
  ["cannot be seen from here and began in the future", { pid: 1, pidNamespace: "pid:[1]", since: 1e9 }],
])("an owner that %s is not waited for, and its lock goes", async (_, { pid, startTime, ...more }: Owner) => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    lockAs(pod, pid, startTime ?? startTimeOf(pid), more);
    // Whoever waited for it would end with 11.
    succeeded(await pod.call("ADD"));
    expect(lockNames(node)).toEqual([]);
    lockAs(pod, pid, startTime ?? startTimeOf(pid), more);
    succeededSilently(
      await pod.call("GC", {
        conf: { "cni.dev/valid-attachments": [{ containerID: pod.pod.containerId, ifname: "eth0" }] },
      }),
    );
    expect(lockNames(node)).toEqual([]);
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

/** As it is in the midst of a change. */
const changing = async (pod: Plug): Promise<{ readonly finish: () => void }> => {
  succeeded(await pod.call("ADD"));
  const whole = readRecordOf(pod);
  writeFileSync(recordPathOf(pod), JSON.stringify({ ...whole, unfinished: true }));
  const finish = (): void => {
    writeFileSync(recordPathOf(pod), JSON.stringify(whole));
    for (const name of lockNames(node)) rmSync(node.path(`/run/pod-qos/locks/${name}`));
  };
  return { finish };
};

test("CHECK of what a living owner is changing goes by what it leaves", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const { finish } = await changing(pod);
    lockAs(pod, process.pid, startTimeOf(process.pid));
    const answer = pod.call("CHECK");
    setTimeout(finish, 800);
    succeededSilently(await answer);
    await ended(pod);
  });
});

test("CHECK waits 2 s for a change that does not end, not at all for one whose owner is dead, and removes no lock", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const { finish } = await changing(pod);
    const checked = async (): Promise<number> => {
      const started = performance.now();
      failed(await pod.call("CHECK"), 100, ["a change of it is going on or was interrupted"]);
      return performance.now() - started;
    };
    const alone = await checked();
    lockAs(pod, NOBODY, "1");
    expect(await checked()).toBeLessThan(alone + 1_500);
    lockAs(pod, process.pid, startTimeOf(process.pid));
    expect(await checked()).toBeGreaterThan(2_000);
    expect(lockNames(node)).toHaveLength(2);
    finish();
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });
});

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
    expect([recordNames(node), lockNames(node)]).toEqual([[], []]);
    await ended(pod);
  });
});

/** The first start of tc takes three seconds longer. */
const withSlowTc = async (body: () => Promise<void>): Promise<void> => {
  const slow = `
path=$(readlink -f "$(command -v tc)")
mkdir /run/slow
cp "$path" /run/slow/whole
cat >/run/slow/tc <<'END'
#!/bin/sh
if mkdir /run/slow/begun 2>/dev/null; then sleep 3; fi
exec /run/slow/whole "$@"
END
chmod +x /run/slow/tc
mount --bind /run/slow/tc "$path"`;
  await node.exec("sh", ["-ec", slow]);
  try {
    await body();
  } finally {
    await node.exec("sh", ["-c", 'umount "$(readlink -f "$(command -v tc)")"; rm -rf /run/slow']);
  }
};

test.each(["DEL", "ADD"] as const)(
  "%s waits for what a killed ADD has started and that is still at work",
  async (verb) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: allWishes });
      const before = await exactState(node, pod.pod);
      await withSlowTc(async () => {
        const killed = await callDetached(pod, "ADD", pod.conf, { after: "start", ms: 1500, whole: false });
        expect([killed.signal, existsSync(node.path("/run/slow/begun"))]).toEqual(["SIGKILL", true]);
        const started = performance.now();
        expect(await pod.call(verb)).toMatchObject({ exitCode: 0 });
        // Long enough for what was not waited for.
        await new Promise((resolve) =>
          setTimeout(resolve, Math.max(0, 3_000 - (performance.now() - started))),
        );
      });
      if (verb === "DEL") expect(await exactState(node, pod.pod)).toBe(before);
      else succeededSilently(await pod.call("CHECK"));
      expect(lockNames(node)).toEqual([]);
      await ended(pod);
    });
  },
);
