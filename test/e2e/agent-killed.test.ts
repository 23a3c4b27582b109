/** The agent ended by SIGKILL while it changes pods, beside their runtime: its next start gives each what a fresh ADD gives. */
import { expect, test } from "vitest";
import { fakeClusterNeeds } from "../lab/agent/fake-cluster.ts";
import { figure } from "../lab/measure/figures.ts";
import { firstSpanMs, survive } from "../lab/histories/killed.ts";
import { inBatches } from "../lab/histories/play.ts";
import { scenes } from "../lab/histories/turn.ts";
import { suite } from "../lab/node/needs.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

const times = repetitions(200, 20);
const podsOfNetwork = 5;
const networksAtOnce = 4;
/** The others show nothing. */
const [leastHits, leastHalfChanged] = [Math.floor(times / 2), Math.floor(times / 3)];

suite("an agent that is killed", fakeClusterNeeds, () => {
  test(`at ${times} random moments of changing a pod, beside its ADD, DEL and GC, leaves nothing that its next start does not mend`, async () => {
    let [kills, landed, unfinished, spanMs] = [0, 0, 0, firstSpanMs];
    // As many again, where the machine made most of them miss.
    for (const batch of inBatches(scenes(2 * times, podsOfNetwork, seed), networksAtOnce)) {
      if (kills >= times && landed >= leastHits && unfinished >= leastHalfChanged) break;
      const survived = await survive(batch, { seed, from: kills, spanMs });
      const { strikes, remains, bare, lived, fresh, left, empty } = survived;
      const what = `${seedSaid}: ${JSON.stringify(batch)} ${JSON.stringify(strikes)}`;
      expect(remains, what).toEqual(bare);
      expect(lived, what).toBe(fresh);
      expect(left, what).toBe(empty);
      const hits = strikes.filter(({ hit }) => hit === "in the midst");
      kills += strikes.length;
      landed += hits.length;
      unfinished += hits.filter(({ isUnfinished }) => isUnfinished).length;
      spanMs = survived.spanMs;
    }
    console.log(
      `${seedSaid}: ${kills} kills, ${landed} while the agent was at work at the pod, ${unfinished} of them with it half changed; its work took about ${Math.round(spanMs)} ms`,
    );
    figure("kills while the agent was at work at the pod", landed, { atLeast: leastHits });
    figure("of them with the pod half changed", unfinished, { atLeast: leastHalfChanged });
  });
});
