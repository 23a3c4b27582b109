/** Whatever a pod has lived through, it has in the end what a fresh ADD would give it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { figure } from "../lab/measure/figures.ts";
import { histories } from "../lab/histories/history.ts";
import { byFiles } from "../lab/histories/means.ts";
import { inBatches, openPlace, play, type Place } from "../lab/histories/play.ts";
import { mutantsOfOrder } from "../lab/agent/mutants.ts";
import { startMutant } from "../lab/agent/mutated-agent.ts";
import { long, repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

const atOnce = 6;
let place: Place;
beforeAll(async () => {
  place = await openPlace(Array.from({ length: atOnce }, () => 1));
});
afterAll(() => place[Symbol.asyncDispose]());

const lives = repetitions(300, 20);

test(`${lives} random histories end in what a fresh ADD with their last input gives`, async () => {
  let same = 0;
  for (const batch of inBatches(histories(lives, seed), atOnce)) {
    const { fresh, lived, said } = await play(place, byFiles(), batch);
    expect(lived, `${seedSaid}: ${JSON.stringify(batch)}\n${said}`).toBe(fresh);
    same += batch.length;
  }
  figure("histories that end as a fresh ADD", same, { atLeast: lives });
});

/** So many histories must be enough. */
const enough = 30;
/** In the usual run two of them, by the seed. */
const mutants = long
  ? mutantsOfOrder
  : [0, 1].map((next) => mutantsOfOrder[(seed + next) % mutantsOfOrder.length] ?? mutantsOfOrder[0]);

test.each(mutants.filter((mutant) => mutant !== undefined))(
  `an agent is found out within ${enough} histories, of which: $title`,
  async (mutant) => {
    let lived = 0;
    for (const batch of inBatches(histories(enough, seed), atOnce)) {
      lived += batch.length;
      const played = await play(
        place,
        byFiles((node) => startMutant(node, mutant)),
        batch,
      );
      if (played.lived !== played.fresh)
        return figure("histories until it is found", lived, { atMost: enough });
    }
    expect.fail(`${seedSaid}: not found in ${lived} histories: ${mutant.title}`);
  },
);
