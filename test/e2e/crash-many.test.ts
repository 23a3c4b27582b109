/** Many pods, one after the other and at once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { rounds } from "../lab/traffic/pace.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

/** The node has seen one ADD and DEL when the first dump is taken: features.json is a cache of the node and stays. */
let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const inARow = rounds("pods in a row", repetitions(1000, 20), 8);
const atOnce = rounds("pods at once", 24, 4);
const sideBySide = rounds("pods side by side", 8, 2);
const lifeTimes = rounds("lives of each of them", 4, 1);

/** The ways for a pod to end: as it should, or with its namespace, and so its veth, gone before anybody tells us. */
const ends: readonly ((pod: Plug) => Promise<void>)[] = [
  async (pod) => {
    succeededSilently(await pod.call("DEL"));
    await pod.unplug();
    await pod.pod.remove();
  },
  async (pod) => {
    await pod.pod.remove();
    succeededSilently(await pod.call("DEL", { netns: "" }));
  },
];

const settings = [
  { conf: allWishes },
  { conf: { defaults: { egressBandwidth: "5M" } } },
  { conf: { ...allWishes, enforce: "pod" } },
  { conf: { ...allWishes, discipline: "police" } },
] as const;

test(`${inARow} pods in a row, half of them with the netns gone before DEL, leave nothing on the node`, async () => {
  await leavesNothing(node, async () => {
    for (let number = 0; number < inARow; number += 1) {
      const { conf } = settings[(number >> 1) % settings.length] ?? settings[0];
      const pod = await plug(node, { conf });
      succeeded(await pod.call("ADD"));
      await ends[number % ends.length]?.(pod);
    }
  });
});

describe(`${atOnce} different pods at once`, () => {
  test("all get what they asked for, CHECK finds nothing amiss, and all DELs at once leave nothing", async () => {
    await leavesNothing(node, async () => {
      const pods: Plug[] = [];
      for (let number = 0; number < atOnce; number += 1) {
        const { conf } = settings[number % settings.length] ?? settings[0];
        pods.push(await plug(node, { conf }));
      }
      const answers = await Promise.all(pods.map((pod) => pod.call("ADD")));
      answers.forEach((answer, at) => expect(JSON.parse(succeeded(answer))).toEqual(pods[at]?.prevResult));
      expect(recordNames(node)).toHaveLength(atOnce);
      for (const pod of pods) succeededSilently(await pod.call("CHECK"));
      (await Promise.all(pods.map((pod) => pod.call("DEL")))).forEach(succeededSilently);
      for (const pod of pods) {
        await pod.unplug();
        await pod.pod.remove();
      }
    });
  });
});

test("ADD, CHECK and DEL of different pods side by side do not get into each other's way", async () => {
  await leavesNothing(node, async () => {
    const lives = Array.from({ length: sideBySide }, async (_, number) => {
      const { conf } = settings[number % settings.length] ?? settings[0];
      const pod = await plug(node, { conf });
      for (let round = 0; round < lifeTimes; round += 1) {
        succeeded(await pod.call("ADD"));
        succeededSilently(await pod.call("CHECK"));
        succeededSilently(await pod.call("DEL"));
      }
      await pod.unplug();
      await pod.pod.remove();
    });
    await Promise.all(lives);
  });
});
