/** The agent ended by SIGKILL while it changes pods, beside their runtime: its next start gives each what a fresh ADD gives. */
import { expect, test } from "vitest";
import { fakeClusterNeeds } from "../lab/fake-cluster.ts";
import { figure } from "../lab/figures.ts";
import { survive } from "../lab/histories/killed.ts";
import { inBatches } from "../lab/histories/play.ts";
import { scenes } from "../lab/histories/turn.ts";
import { suite } from "../lab/needs.ts";
import { repetitions } from "../lab/repetitions.ts";
import { seed, seedSaid } from "../lab/seed.ts";

const times = repetitions(200);
const podsOfNetwork = 5;
const networksAtOnce = 4;

suite("an agent that is killed", fakeClusterNeeds, () => {
  test(`at ${times} random moments of changing a pod, beside its ADD, DEL and GC, leaves nothing that its next start does not mend`, async () => {
    let [landed, unfinished] = [0, 0];
    const batches = inBatches(scenes(times, podsOfNetwork, seed), networksAtOnce);
    for (const [at, batch] of batches.entries()) {
      const from = at * networksAtOnce * podsOfNetwork;
      const { strikes, remains, bare, lived, fresh, left, empty } = await survive(batch, { seed, from });
      const what = `${seedSaid}: ${JSON.stringify(batch)} ${JSON.stringify(strikes)}`;
      expect(remains, what).toEqual(bare);
      expect(lived, what).toBe(fresh);
      expect(left, what).toBe(empty);
      const hits = strikes.filter(({ hit }) => hit === "in the midst");
      landed += hits.length;
      unfinished += hits.filter(({ isUnfinished }) => isUnfinished).length;
    }
    console.log(
      `${seedSaid}: ${times} kills, ${landed} while the agent was at work at the pod, ${unfinished} of them with it half changed`,
    );
    // The others showed nothing.
    figure("kills while the agent was at work at the pod", landed, { atLeast: Math.floor(times / 2) });
    figure("of them with the pod half changed", unfinished, { atLeast: Math.floor(times / 3) });
  });
});
