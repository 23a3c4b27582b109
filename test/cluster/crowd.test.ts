/** A node full of pods beside a real API server: the first packet of each, and how soon a change is in the kernel. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { until } from "../lab/agent/agent.ts";
import { agentNeeds } from "../lab/cluster/agent-plane.ts";
import { ifbName } from "../../plugin/datapath/names.ts";
import { hostDeviceOf } from "../lab/cluster/sandbox-caps.ts";
import { watchCaps, type CapTurn } from "../lab/traffic/cap-turns.ts";
import { openLiveSite, type LiveSite } from "../lab/cluster/live-site.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { capsOf, DSCP, marksByVoice, RATE, type Word } from "../lab/cluster/voices.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { dayMs, sendSteadily, watchMarks, type Flow, type Seen } from "../lab/traffic/marks-seen.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { percentile } from "../lab/measure/percentile.ts";
import { readRecordAt } from "../lab/plugin/records.ts";
import { long } from "../lab/measure/repetitions.ts";

/** The node's end of the pods' bridge. */
const GATEWAY = "198.51.100.1";
const LOG = "/var/log/pod-qos.log";
const CHANGED = 'pod_qos_applies_total{result="changed"}';

const pods = long ? 110 : 20;
const firsts = long ? 100 : 10;
const changes = long ? 200 : 20;
const senders = 10;
const everyMs = 300;

const needs = {
  ...agentNeeds,
  tools: [...agentNeeds.tools, "ss"],
  peers: [...agentNeeds.peers, "sender"],
};

suite("a node full of pods", needs, () => {
  let site: LiveSite;
  const sandboxes: Sandbox[] = [];
  /** A second try makes others. */
  let named = 0;
  /** What each pod has by now where it is not "yes" any more. */
  const words = { mark: new Map<Sandbox, Word>(), cap: new Map<Sandbox, Word>() };

  beforeAll(async () => {
    const conflist = podNetwork({ conf: { logFile: LOG, logLevel: "debug" } });
    site = await openLiveSite(await createNode(), conflist);
    await site.plane.api.create(policyPath("EgressQoS", "default"), marksByVoice);
  });
  afterAll(() => site?.end());
  afterEach(() =>
    site.plane.api.remove(`${policyPath("NetworkQoS", "default")}/default`).catch(() => undefined),
  );

  const recordOf = ({ containerId }: Sandbox): AttachmentRecord =>
    readRecordAt(site.node, "podnet", containerId);
  /** Three at a time, each made when the one before it runs: the runtime calls for it as soon as it is there. */
  const start = async (count: number): Promise<readonly Sandbox[]> => {
    const names = Array.from({ length: count }, (_, index) => `pod-${named + index}`);
    named += count;
    const made: Sandbox[] = [];
    const begin = async (): Promise<void> => {
      for (let name = names.pop(); name !== undefined; name = names.pop())
        made.push(await site.run({ name, labels: labels("yes"), annotations: capsOf("yes") }));
    };
    await Promise.all([begin(), begin(), begin()]);
    return made;
  };

  test("gives each pod its object's mark from the first packet on", async () => {
    await until("the object is known", () => snapshot(site).includes("voice"));
    const changedBefore = await site.agent.metric(CHANGED);
    const waitedBefore = waited(site).length;
    // What the machine is like while it happens.
    const beside = crowding();
    const fresh = await start(firsts);
    sandboxes.push(...fresh);
    const watch = await watchMarks(site.node, GATEWAY);
    await Promise.all(fresh.map(({ pod }) => sendSteadily(pod, GATEWAY, { count: 1 }).done));
    const seen = await watch.end();
    const firstMarks = fresh.map(({ addresses: [address = ""] }) => seen.get(address)?.turns[0]?.dscp);
    expect(firstMarks).toEqual(fresh.map(() => DSCP.yes));
    const pending = fresh.filter((each) => recordOf(each).pending !== undefined);
    figure("pods left pending", pending.length, { atMost: 0 });
    // What the first packet had is ADD's doing.
    figure("pods completed later", (await site.agent.metric(CHANGED)) - changedBefore, { atMost: 0 });
    const waits = waited(site).slice(waitedBefore);
    const all = [...waits, ...Array.from({ length: firsts - waits.length }, () => 0)];
    console.log(`of ${firsts} ADDs ${waits.length} waited: ${waits.join(", ")} ms`);
    figure("ADD's wait p99, in ms", percentile(all, 99), { atMost: 100 * (await beside) });
  });

  test("brings a change into the kernel within a moment, and one that is about all pods within seconds", async () => {
    sandboxes.push(...(await start(Math.max(0, pods - sandboxes.length))));
    const watch = await watchMarks(site.node, GATEWAY);
    const watches = [site.node, ...sandboxes.map(({ pod }) => pod)].map(watchCaps);
    const flows = sandboxes.slice(0, senders).map(({ pod }) => sendSteadily(pod, GATEWAY));
    await pause(1000);

    const marked: Change[] = [];
    const capped: Change[] = [];
    const bursts: Flow[] = [];
    const beside: Promise<number>[] = [];
    for (let time = 0; time < changes; time += 1) {
      const began = performance.now();
      if (time % (changes / 4) === 0) beside.push(crowding());
      const isMark = time % 2 === 0;
      // A pod has its mark changed in one turn and its cap in the next: 7 has no factor of 110 or 20.
      const sandbox = at(sandboxes, (time >> 1) * 7 + (isMark ? 0 : 3));
      const done = isMark ? marked : capped;
      const before = words[isMark ? "mark" : "cap"];
      const to = before.get(sandbox) === "no" ? "yes" : "no";
      if (isMark && sandboxes.indexOf(sandbox) >= senders)
        bursts.push(sendSteadily(sandbox.pod, GATEWAY, { everyMs: 2, count: 1500 }));
      await pause(began + 100 - performance.now());
      const change = isMark ? { labels: labels(to) } : { annotations: capsOf(to) };
      const asked = dayMs();
      done.push({ sandbox, to, asked, answered: await site.patch(sandbox.name, change) });
      before.set(sandbox, to);
      await pause(began + everyMs - performance.now());
    }
    await pause(2000);
    await Promise.all([...flows, ...bursts].map((flow) => flow.end()));
    const seen = await watch.end();
    const [onNode = [], ...inPods] = await Promise.all(watches.map((each) => each.end()));
    const of = (device: string): readonly CapTurn[] => onNode.filter((turn) => turn.device === device);
    const turnsOf = (sandbox: Sandbox): readonly (readonly CapTurn[])[] => {
      const { identity } = recordOf(sandbox);
      // From the pod the cap is in the pod or, on a kernel without act_police, on an ifb of the node.
      const egress = inPods[sandboxes.indexOf(sandbox)] ?? [];
      return [of(hostDeviceOf(sandbox)), [...egress, ...of(ifbName(identity))]];
    };
    const latency = { mark: marked.map(afterMark(seen)), cap: capped.map(afterCap(turnsOf)) };
    const machine = Math.max(...(await Promise.all(beside)));
    for (const [what, values] of Object.entries(latency)) {
      console.log(`${what}: ${values.map((value) => value.toFixed(0)).join(" ")} ms; machine ${machine}`);
      figure(`${what}, p50 in ms`, percentile(values, 50), { atMost: 150 * machine });
      figure(`${what}, p99 in ms`, percentile(values, 99), { atMost: 1000 * machine });
    }

    const began = dayMs();
    const besideAll = crowding();
    await site.plane.api.create(policyPath("NetworkQoS", "default"), networkQos);
    await until("all have the rule", () => sandboxes.every((each) => hasTwoRules(recordOf(each))), 60_000);
    figure(`${pods} pods by one object, in s`, (dayMs() - began) / 1000, { atMost: 5 * (await besideAll) });
  });
});

const labels = (voice: Word) => ({ app: "crowd", voice });
const networkQos = {
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name: "default" },
  spec: {
    priority: 10,
    podSelector: { matchLabels: { app: "crowd" } },
    egress: [
      {
        dscp: 20,
        bandwidth: { rate: 20_000 },
        classifier: { to: [{ ipBlock: { cidr: "203.0.113.0/24" } }] },
      },
    ],
  },
};

const hasTwoRules = ({ limits, unfinished }: AttachmentRecord): boolean =>
  limits?.rules === 2 && unfinished === undefined;

type Change = {
  readonly sandbox: Sandbox;
  readonly to: Word;
  readonly asked: number;
  /** When we heard of it; on a busy machine the agent may have been faster. */
  readonly answered: number;
};

/** From the answer to the PATCH. */
const afterMark =
  (seen: ReadonlyMap<string, Seen>) =>
  ({ sandbox, to, ...when }: Change): number => {
    const turns = seen.get(sandbox.addresses[0] ?? "")?.turns ?? [];
    return msUntil(
      turns.filter(({ dscp }) => dscp === DSCP[to]),
      when,
    );
  };

/** Until both directions have it. */
const afterCap =
  (turnsOf: (sandbox: Sandbox) => readonly (readonly CapTurn[])[]) =>
  ({ sandbox, to, ...when }: Change): number => {
    const directions = turnsOf(sandbox).map((turns) =>
      msUntil(
        turns.filter(({ rate }) => rate === `${RATE[to] / 1e6}Mbit`),
        when,
      ),
    );
    return Math.max(...directions);
  };

const msUntil = (
  turns: readonly { readonly at: number }[],
  { asked, answered }: Pick<Change, "asked" | "answered">,
): number => {
  const turn = turns.find(({ at }) => at > asked);
  return turn === undefined ? Number.NaN : Math.max(0, turn.at - answered);
};

const waited = ({ node }: LiveSite): readonly number[] =>
  [...logOf(node).matchAll(/waited (\d+) ms for the node's agent/g)].map(([, ms]) => Number(ms));

/** None before the first ADD. */
const logOf = (node: LabNode): string => {
  const path = node.path(LOG);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};

const snapshot = ({ node }: LiveSite): string =>
  readFileSync(node.path("/run/pod-qos/live/snapshot"), "utf8");

const at = <Value>(values: readonly Value[], index: number): Value => values[index % values.length] as Value;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
