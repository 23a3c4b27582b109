/** SIGKILL at any moment of ADD: what follows, DEL or ADD and DEL, leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/answers.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { exactState, stateFiles } from "../lab/exact-state.ts";
import { callKilled } from "../lab/kill.ts";
import { rounds } from "../lab/pace.ts";
import { plug, type LinkKind, type Plug } from "../lab/plug.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/warm-node.ts";

let node: LabNode;
/** How long an ADD takes on this machine, under today's load. */
let longest = 0;
beforeAll(async () => {
  node = await warmNode();
  const pod = await plug(node, { conf: allWishes });
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    succeeded(await pod.call("ADD"));
    longest = Math.max(longest, performance.now() - started);
    succeededSilently(await pod.call("DEL"));
  }
  await pod.unplug();
  await pod.pod.remove();
});
afterAll(() => node[Symbol.asyncDispose]());

const times = rounds("random moments of each ADD", 60, 5);
const firstTimes = rounds("random moments of a first ADD", 12, 1);

/** What may follow, and whether only the plugin is killed or, as systemd and the OOM killer do, its tools as well. */
const aftermaths = [
  { next: "DEL", whole: false },
  { next: "ADD and DEL", whole: true },
  { next: "DEL without netns", whole: true },
  { next: "ADD and DEL", whole: false },
  { next: "DEL", whole: true },
] as const;

const inGoodOrder = async (pod: Plug): Promise<void> => {
  succeeded(await pod.call("ADD"));
  succeededSilently(await pod.call("CHECK"));
};

describe.each<{ kind: LinkKind; conf: object }>([
  { kind: "veth", conf: allWishes },
  { kind: "macvlan", conf: allWishes },
  { kind: "veth", conf: ruledWishes },
])("an ADD on a $kind with $conf that is killed", ({ kind, conf }) => {
  test(`at each of ${times} random moments leaves nothing behind the next call`, async () => {
    await leavesNothing(node, async () => {
      let pod = await plug(node, { kind, conf: { ...conf } });
      let before = await exactState(node, pod.pod);
      const files = stateFiles(node);
      for (let round = 0; round < times; round += 1) {
        const { next, whole } = aftermaths[round % aftermaths.length] ?? aftermaths[0];
        const after = Math.random() * longest;
        await callKilled(pod, after, whole);
        if (next === "DEL without netns") {
          await pod.unplug();
          await pod.pod.remove();
          succeededSilently(await pod.call("DEL", { netns: "" }));
          pod = await plug(node, { kind, conf: { ...conf } });
          before = await exactState(node, pod.pod);
          continue;
        }
        if (next === "ADD and DEL") await inGoodOrder(pod);
        succeededSilently(await pod.call("DEL"));
        const what = `killed after ${after.toFixed(1)} ms${whole ? " with its tools" : ""}, then ${next}`;
        expect({ what, state: await exactState(node, pod.pod), files: stateFiles(node) }).toEqual({
          what,
          state: before,
          files,
        });
      }
      await pod.unplug();
      await pod.pod.remove();
    });
  });
});

describe("the very first ADD of a node, killed while it finds out what the kernel can do", () => {
  test("leaves no file but the cache of that", async () => {
    for (let round = 0; round < firstTimes; round += 1) {
      await using fresh = await createNode();
      const pod = await plug(fresh, { conf: allWishes });
      await callKilled(pod, Math.random() * longest * 1.2, true);
      await inGoodOrder(pod);
      succeededSilently(await pod.call("DEL"));
      expect(Object.keys(stateFiles(fresh))).toEqual(["features.json"]);
    }
  });
});
