/** Three agents and the controller: a status is true at every moment, also while agents stand still. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import type { Agent } from "../lab/agent/agent.ts";
import { agentNode, egressQos, egressQosPath, type AgentNode } from "../lab/cluster/agent-node.ts";
import { agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { breakIptables, mendIptables } from "../lab/cluster/broken-tool.ts";
import { controllerKubeconfig, startController, type Controller } from "../lab/cluster/controller.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { policyPath, QOS_NODES } from "../lab/cluster/installed.ts";
import { readyOf, said, untilSaid, type Qos } from "../lab/cluster/statuses.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { long, repetitions } from "../lab/measure/repetitions.ts";
import { suite } from "../lab/node/needs.ts";

const NAMES = ["node-1", "node-2", "node-3"] as const;
const APPLIED = "EgressQoS Rules applied | True Applied: applied on 3 nodes, 3 pods";

suite("the status of an object, with three agents", agentNeeds, () => {
  let plane: ControlPlane;
  let controller: Controller;
  const sites: AgentNode[] = [];
  const agents: Agent[] = [];

  beforeAll(async () => {
    const created = await createAgentPlane();
    ({ plane } = created);
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(1, "web"));
    for (const name of NAMES) {
      const site = await agentNode({ ...created, name });
      sites.push(site);
      agents.push(await site.begin());
      await site.running({ name: `web-${name}`, labels: { app: "web" } });
    }
    controller = await startController(plane, { kubeconfig: await controllerKubeconfig(plane) });
    await untilSaid(plane.api, egressQosPath(), APPLIED);
  });
  afterAll(async () => {
    await controller?.kill();
    for (const site of sites) await site[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const saidMatching = (text: RegExp, withinMs: number): Promise<true> => {
    let last = "";
    const look = async (): Promise<true | undefined> => {
      last = said(await plane.api.get<Qos>(egressQosPath()));
      return text.test(last) ? true : undefined;
    };
    return eventually(`it says ${text}`, look, { withinMs, why: () => `it says ${last}` });
  };

  it("is never applied for a new generation while one of the agents is held", async () => {
    const early: string[] = [];
    const settledMs: number[] = [];
    for (let turn = 0; turn < repetitions(50); turn += 1) {
      for (const { pid } of agents) process.kill(pid, "SIGSTOP");
      const { metadata } = await plane.api.patch<Qos>(egressQosPath(), egressQos(2 + (turn % 60), "web"));
      const state = { held: true };
      const watching = (async () => {
        for (let reads = 0; state.held; reads += 1) {
          const object = await plane.api.get<Qos>(egressQosPath());
          const isOf = readyOf(object)?.observedGeneration === metadata.generation;
          // Asked before it went on, answered while it was held.
          if (state.held && isOf && said(object).includes("applied |")) early.push(said(object));
          await sleep(20);
        }
      })();
      // In another order each time, the last of them a moment later.
      const order = agents.map((_, at) => agents[(at + turn) % agents.length]);
      for (const agent of order.slice(0, -1)) {
        process.kill(agent?.pid ?? 0, "SIGCONT");
        await sleep(400);
      }
      await sleep(600);
      const last = await plane.api.get<Qos>(egressQosPath());
      expect(said(last)).toMatch(/^ \| Unknown Pending: not yet applied on [1-3] of 3 nodes: .*node-/);
      state.held = false;
      await watching;
      const began = performance.now();
      process.kill(order.at(-1)?.pid ?? 0, "SIGCONT");
      await untilSaid(plane.api, egressQosPath(), APPLIED);
      settledMs.push(performance.now() - began);
    }
    expect(early).toEqual([]);
    console.log(`applied ${Math.round(Math.max(...settledMs))} ms at most after the last agent went on`);
  });

  it("says within 2 s which node cannot apply it, and why; and that it can again", async () => {
    const [, site] = sites;
    if (site === undefined) throw new Error("no second node");
    await breakIptables(site.node);
    const withinMs = 2_000 * (await crowding());
    try {
      await plane.api.patch(egressQosPath(), egressQos(1, "web"));
      await saidMatching(
        /^EgressQoS Rules not correctly applied \| False Failed: not applied on 1 of 3 nodes: node-2: default\/web-node-2 eth0: .*broken on purpose/,
        withinMs,
      );
    } finally {
      await mendIptables(site.node);
    }
    await untilSaid(plane.api, egressQosPath(), APPLIED);
  });

  /** It takes three minutes: only where there is time. */
  const killedMs = long ? 240_000 : 0;

  it("of an agent that is killed: it stays as it is, is NodeSilent within 4 minutes, and heals", async () => {
    const seen: string[] = [];
    const state = { isOver: false };
    const watching = (async () => {
      while (!state.isOver) {
        const now = said(await plane.api.get<Qos>(egressQosPath()));
        if (now !== seen.at(-1)) seen.push(now);
        await sleep(20);
      }
    })();
    await agents[2]?.kill();
    const died = performance.now();
    if (killedMs > 0) {
      await untilSaid(plane.api, egressQosPath(), SILENT, killedMs);
      figure("NodeSilent after the agent's end, in s", (performance.now() - died) / 1000, { atMost: 240 });
    } else await sleep(2_000);
    agents[2] = (await sites[2]?.begin()) as Agent;
    await eventually("the new agent has reported, and it is applied", async () => {
      const node = await plane.api.get<
        KubeObject & { readonly status: { readonly agent: { readonly started: string } } }
      >(`${QOS_NODES}/node-3`);
      const isNew = Date.parse(node.status.agent.started) > dayOf(died);
      return isNew && said(await plane.api.get<Qos>(egressQosPath())) === APPLIED ? true : undefined;
    });
    state.isOver = true;
    await watching;
    expect(seen.filter((each) => !each.includes("Pending"))).toEqual(
      killedMs > 0 ? [APPLIED, SILENT, APPLIED] : [APPLIED],
    );
  });
});

const SILENT = " | Unknown NodeSilent: 1 node with pods of it is silent: node-3; applied on 2 nodes, 2 pods";

const dayOf = (ms: number): number => performance.timeOrigin + ms;
