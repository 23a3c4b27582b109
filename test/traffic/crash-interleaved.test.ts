/** Runtimes that call for one attachment at once, and processes that are killed at it: whatever the order, the last word counts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import { figure } from "../lab/measure/figures.ts";
import { interleavings, perform, said, type Deed, type Done } from "../lab/plugin/interleaved.ts";
import { spanOf } from "../lab/plugin/kill.ts";
import { lockAs, lockNames, NOBODY } from "../lab/plugin/locks.ts";
import { crowding } from "../lab/measure/machine.ts";
import type { LabNode } from "../lab/node/node.ts";
import { rounds } from "../lab/traffic/pace.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const times = rounds("interleavings", repetitions(500, 20), 4);

/** Of another kind and other values, with and without sets and chains. */
const wishes = {
  ADD: ruledWishes,
  "other ADD": { ...allWishes, discipline: "police", egress: undefined },
} as const;

const confOf = (pod: Plug, deed: Deed): object => {
  switch (deed) {
    case "ADD":
    case "other ADD":
      return wishes[deed];
    case "DEL":
      return {};
    case "GC":
    case "GC of others": {
      const listed = [{ containerID: pod.pod.containerId, ifname: pod.ifname }];
      return { "cni.dev/valid-attachments": deed === "GC" ? [] : listed };
    }
  }
};

/** What the attachment has to be like by now: by the ADD that began when nobody else was at work, and was the last to begin. */
const lastWord = (done: readonly Done[]): AddDeed | undefined => {
  const relevant = done.filter(({ deed }) => deed !== "GC of others").toSorted((a, b) => a.begun - b.begun);
  const last = relevant.at(-1);
  if (last === undefined || !isAdd(last.deed) || last.result.exitCode !== 0) return undefined;
  return relevant.every((other) => other === last || other.ended < last.begun) ? last.deed : undefined;
};

type AddDeed = keyof typeof wishes;

const isAdd = (deed: Deed): deed is AddDeed => Object.hasOwn(wishes, deed);

const expectPromised = async (pod: Plug, deed: AddDeed, what: string): Promise<void> => {
  const { exitCode, stdout } = await pod.call("CHECK", { conf: wishes[deed] });
  expect({ what, exitCode, stdout }).toEqual({ what, exitCode: 0, stdout: "" });
};

test(`after each of ${times} interleavings of ADD, other ADD, DEL and GC, some killed, the last word counts`, async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node);
    const before = await exactState(node, pod.pod);
    const span = await spanOf(
      pod,
      async () => succeeded(await pod.call("ADD", { conf: ruledWishes })),
      async () => succeededSilently(await pod.call("DEL")),
    );
    let killed = 0;
    let checked = 0;
    let round = 0;
    for (const steps of interleavings(times, seed, span)) {
      const what = `${seedSaid}: ${said(steps)}`;
      const done = await perform(pod, steps, (deed) => confOf(pod, deed));
      killed += done.filter(({ result }) => result.signal === "SIGKILL").length;
      const odd = done.filter(({ result }) => result.signal !== "SIGKILL" && result.exitCode !== 0);
      expect([what, odd]).toEqual([what, []]);
      const last = lastWord(done);
      if (last !== undefined) await expectPromised(pod, last, what);
      if (last !== undefined) checked += 1;
      // Every second time an ADD follows that puts in order whatever is there.
      if ((round += 1) % 2 === 0) {
        succeeded(await pod.call("ADD", { conf: wishes.ADD }));
        await expectPromised(pod, "ADD", `${what}; then ADD`);
      }
      const { exitCode, stdout } = await pod.call("DEL");
      expect({ what, exitCode, stdout }).toEqual({ what, exitCode: 0, stdout: "" });
      const left = [recordNames(node), lockNames(node), await exactState(node, pod.pod)];
      expect([what, ...left]).toEqual([what, [], [], before]);
    }
    console.log(
      `${seedSaid}: ${times} interleavings, ${killed} calls killed, ${checked} times an ADD had the last word`,
    );
    expect(killed).toBeGreaterThan(0);
    await pod.unplug();
    await pod.pod.remove();
  });
});

const pairs = rounds("ADDs after a dead owner", 12, 3);

test("a dead owner of the lock costs an ADD at most 100 ms", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const took = async (): Promise<number> => {
      const started = performance.now();
      succeeded(await pod.call("ADD"));
      const milliseconds = performance.now() - started;
      succeededSilently(await pod.call("DEL"));
      return milliseconds;
    };
    const without: number[] = [];
    const beside: number[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      without.push(await took());
      lockAs(pod, NOBODY, "1");
      beside.push(await took());
      expect(lockNames(node)).toEqual([]);
    }
    figure("ms that a dead owner costs", median(beside) - median(without), {
      atMost: 100 * (await crowding()),
    });
    await pod.unplug();
    await pod.pod.remove();
  });
});

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
