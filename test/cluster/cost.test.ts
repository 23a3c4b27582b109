/** What the agent of a node full of pods costs while nothing happens: of memory, of the processor, of the API server. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Api } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { startAgent, until, type Agent } from "../lab/agent/agent.ts";
import { AGENT_ACCOUNT, agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { auditOf, type AuditEvent } from "../lab/cluster/audit.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { startKubelet, type Kubelet } from "../lab/cluster/kubelet.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { reachFrom } from "../lab/cluster/reach.ts";
import { figure } from "../lab/measure/figures.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { long } from "../lab/measure/repetitions.ts";
import { residentOf, shareOf, slowness } from "../lab/measure/spent.ts";

/**
 * A full node, each pod of it read back in ten minutes. The usual run has a part of it, sees ten times as many looks in a short
 * time, and waits for nothing: what V8 collects after the start, in its first half minute, is then in the figure.
 */
const full = { pods: 110, objects: 500 };
const { pods, objects, pace, settleMs, seconds } = long
  ? { ...full, pace: 1, settleMs: 40_000, seconds: 60 }
  : { pods: 20, objects: 100, pace: 10, settleMs: 0, seconds: 10 };
const looksPerSecond = (full.pods / 600) * pace;

/** All that exist here: no NetworkAttachmentDefinition does. */
const followed = ["pods", "namespaces", "egressqoses", "networkqoses"];

suite("an agent in quiet", agentNeeds, () => {
  let plane: ControlPlane;
  let node: LabNode;
  let kubelet: Kubelet;
  let kubeconfig: string;
  /** When the agent was started, the last time. */
  let startedAt: Date;

  beforeAll(async () => {
    ({ plane, kubeconfig } = await createAgentPlane());
    node = await createNode();
    await reachFrom(node, plane);
    const conflist = podNetwork();
    kubelet = await startKubelet({ api: plane.api, node, name: "node-1", conflist, binds: true });
    await createObjects(plane.api);
    await createPods(plane.api, kubelet);
  }, 300_000);
  afterAll(async () => {
    await kubelet?.stop();
    await node?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  test(`beside ${pods} pods and ${objects} objects takes little of memory and of the processor`, async () => {
    const round = `${Math.round(pods / looksPerSecond)}s`;
    const args = ["--node", "node-1", "--kubeconfig", kubeconfig];
    startedAt = new Date();
    const agent = await startAgent(node, { args, round, ready: false });
    const { looks, share, slow, resident } = await watchQuiet(agent).finally(agent.stop);

    // Nothing but the round asks for looks, and it asks for so many.
    expect(looks).toBeGreaterThan(seconds * looksPerSecond * 0.7);
    figure("MB resident", resident, { atMost: 130 });
    figure("times as slow as where nobody else is at work", slow, {});
    const atPace = pace === 1 ? "" : ` with looks at ${pace} times the usual pace`;
    figure(`% of a core${atPace}, by that`, (share / slow) * 100, { atMost: 0.5 * pace });
  });

  test.each(followed)("has listed %s once, and watches them by one request", async (resource) => {
    const asked = (verb: string): readonly AuditEvent[] =>
      auditOf(plane).filter(
        (event) =>
          event.user.username === AGENT_ACCOUNT &&
          new Date(event.requestReceivedTimestamp) >= startedAt &&
          event.stage === "ResponseComplete" &&
          event.verb === verb &&
          event.objectRef?.resource === resource,
      );
    // A watch is in the log when it has ended, with its agent.
    await until(`the watches of ${resource}`, () => asked("watch").length > 0, 20_000);
    expect(asked("list")).toHaveLength(1);
    expect(asked("watch")).toHaveLength(1);
    for (const { requestURI, objectRef } of asked("watch")) {
      expect(objectRef?.name).toBeUndefined();
      expect(requestURI).not.toMatch(/metadata\.name|metadata\.namespace/);
    }
  });
});

const watchQuiet = async (agent: Agent) => {
  await until("all is decided", async () => (await agent.metric(inStep)) === pods, 60_000);
  await sleep(settleMs);
  const [slowBefore, looksBefore] = [await slowness(), await agent.metric(wellRead)];
  const share = await shareOf(agent.pid, seconds);
  const looks = (await agent.metric(wellRead)) - looksBefore;
  const slow = (slowBefore + (await slowness())) / 2;
  return { looks, share, slow, resident: residentOf(agent.pid) };
};

const inStep = 'pod_qos_pods{state="in_step"}';
const wellRead = 'pod_qos_read_backs_total{result="well"}';

/** A mark and a limit of the pods' namespace, and what other namespaces have. One asks for the labels of namespaces. */
const createObjects = async (api: Api): Promise<void> => {
  await api.create(policyPath("EgressQoS", "default"), {
    apiVersion: "k8s.ovn.org/v1",
    kind: "EgressQoS",
    metadata: { name: "default" },
    spec: { egress: [{ dscp: 46, podSelector: { matchLabels: { app: "web" } } }] },
  });
  await api.create(policyPath("NetworkQoS", "default"), networkQos("web"));
  const teams = Array.from({ length: 10 }, (_, at) => `team-${at}`);
  for (const name of teams) await api.create(NAMESPACES, { metadata: { name } });
  const rest = Array.from({ length: objects - 2 }, (_, at) => at);
  for (const at of rest) {
    const namespace = teams[at % teams.length] ?? "";
    const byNetwork = at === 0 ? { networkSelectors: [definitions] } : {};
    await api.create(policyPath("NetworkQoS", namespace), networkQos(`qos-${at}`, byNetwork));
  }
};

const definitions = {
  networkSelectionType: "NetworkAttachmentDefinitions",
  networkAttachmentDefinitionSelector: {
    namespaceSelector: { matchLabels: { tier: "x" } },
    networkSelector: { matchLabels: { app: "x" } },
  },
};

const networkQos = (name: string, more: object = {}): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name },
  spec: {
    priority: 10,
    podSelector: { matchLabels: { app: "web" } },
    egress: [
      {
        dscp: 20,
        bandwidth: { rate: 20_000 },
        classifier: {
          to: [{ ipBlock: { cidr: "192.0.2.0/24", except: ["192.0.2.7/32"] } }],
          ports: [{ protocol: "TCP", port: 443 }],
        },
      },
    ],
    ...more,
  },
});

const createPods = async (api: Api, kubelet: Kubelet): Promise<void> => {
  const names = Array.from({ length: pods }, (_, at) => `web-${at}`);
  const annotations = {
    "kubernetes.io/ingress-bandwidth": "20M",
    "kubernetes.io/egress-bandwidth": "10M",
  };
  for (const name of names)
    await api.create(podPath("default"), podObject({ name, labels: { app: "web" }, annotations }));
  for (const name of names) await kubelet.running(name, { withinMs: 200_000 });
};
