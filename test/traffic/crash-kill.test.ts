/** SIGKILL at any moment of ADD: what follows, DEL or ADD and DEL, leaves nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { exactState, stateFiles } from "../lab/node/exact-state.ts";
import { callKilled, corrected, inWords, moment, portion, spanOf, type Moment } from "../lab/plugin/kill.ts";
import { rounds } from "../lab/traffic/pace.ts";
import { plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const times = rounds("random moments of each ADD", repetitions(300, 20), 5);
const firstTimes = rounds("random moments of a first ADD", repetitions(60, 20), 1);

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
    let landed = 0;
    await leavesNothing(node, async () => {
      let pod = await plug(node, { kind, conf: { ...conf } });
      let span = await spanOf(
        pod,
        async () => succeeded(await pod.call("ADD")),
        async () => succeededSilently(await pod.call("DEL")),
      );
      let before = await exactState(node, pod.pod);
      const files = filesOf(node);
      for (let round = 0; round < times; round += 1) {
        const { next, whole } = aftermaths[round % aftermaths.length] ?? aftermaths[0];
        const when = moment(seed, round, span);
        const hit = await callKilled(pod, when, whole);
        span = corrected(span, hit);
        if (hit === "in the midst") landed += 1;
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
        const what = `${seedSaid}: ${inWords(when)}${whole ? " with its tools" : ""}, then ${next}`;
        expect({ what, state: await exactState(node, pod.pod), files: filesOf(node) }).toEqual({
          what,
          state: before,
          files,
        });
      }
      await pod.unplug();
      await pod.pod.remove();
    });
    // Those before the record was there, or after the end, showed nothing.
    expect(landed, `${seedSaid}: kills in the midst of ADD, of ${times}`).toBeGreaterThanOrEqual(
      Math.floor(times / 3),
    );
  });
});

/** Without what the kernel can do, which an ADD finds out anew each ten minutes. */
const filesOf = (of: LabNode): object =>
  Object.fromEntries(Object.entries(stateFiles(of)).filter(([name]) => name !== "features.json"));

describe("the very first ADD of a node, killed while it finds out what the kernel can do", () => {
  test("leaves no file but the cache of that", async () => {
    const span = await firstAdd();
    for (let round = 0; round < firstTimes; round += 1) {
      await using fresh = await createNode();
      const pod = await plug(fresh, { conf: allWishes });
      const when: Moment = { after: "start", ms: span * (START_UP + (1 - START_UP) * portion(seed, round)) };
      await callKilled(pod, when, true);
      await inGoodOrder(pod);
      succeededSilently(await pod.call("DEL"));
      expect(Object.keys(stateFiles(fresh)), seedSaid).toEqual(["features.json"]);
    }
  });
});

/** The part of it in which it does what nobody can see. */
const START_UP = 0.4;

/** How long the first ADD of a node takes. */
const firstAdd = async (): Promise<number> => {
  await using fresh = await createNode();
  const pod = await plug(fresh, { conf: allWishes });
  const started = performance.now();
  succeeded(await pod.call("ADD"));
  return performance.now() - started;
};
