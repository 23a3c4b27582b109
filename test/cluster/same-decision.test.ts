/** Whatever pods have lived through by a real API server, they have in the end what a fresh ADD would give them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent } from "../lab/agent/agent.ts";
import { agentNeeds, createAgentPlane, type AgentPlane } from "../lab/cluster/agent-plane.ts";
import { NAMESPACES } from "../lab/cluster/objects.ts";
import { reachFrom } from "../lab/cluster/reach.ts";
import { figure } from "../lab/measure/figures.ts";
import { byServer } from "../lab/histories/by-server.ts";
import { histories } from "../lab/histories/history.ts";
import { byFiles } from "../lab/histories/means.ts";
import { inBatches, openPlace, play, type Place } from "../lab/histories/play.ts";
import { suite } from "../lab/node/needs.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

const atOnce = 6;
const lives = repetitions(60);

suite("by a real API server", { ...agentNeeds, tools: [...agentNeeds.tools, "ipset"] }, () => {
  let place: Place;
  let cluster: AgentPlane;
  beforeAll(async () => {
    [place, cluster] = await Promise.all([
      openPlace(Array.from({ length: atOnce }, () => 1)),
      createAgentPlane(),
    ]);
    await reachFrom(place.node, cluster.plane);
    for (const { network } of place.seats)
      await cluster.plane.api.create(NAMESPACES, { metadata: { name: network.name } });
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await cluster?.plane.stop();
  });

  test(`${lives} random histories end in what a fresh ADD with their last input gives`, async () => {
    const args = ["--node", "node-1", "--kubeconfig", cluster.kubeconfig];
    const means = byServer(cluster.plane.api, (node) => startAgent(node, { args }));
    let same = 0;
    for (const batch of inBatches(histories(lives, seed), atOnce)) {
      const { fresh, lived, said } = await play(place, means, batch, byFiles());
      expect(lived, `${seedSaid}: ${JSON.stringify(batch)}\n${said}`).toBe(fresh);
      same += batch.length;
    }
    figure("histories that end as a fresh ADD", same, { atLeast: lives });
  });
});
