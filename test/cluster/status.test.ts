/** A node's report to the cluster, its QoSNode: what it says while objects are edited and while the agent fails. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until, type Agent } from "../lab/agent/agent.ts";
import { agentNode, egressQos, egressQosPath, type AgentNode } from "../lab/cluster/agent-node.ts";
import { agentCalls, agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { breakIptables, mendIptables } from "../lab/cluster/broken-tool.ts";
import { kubectl, policyPath, QOS_NODES } from "../lab/cluster/installed.ts";
import { podPath } from "../lab/cluster/objects.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { linkPlugin } from "../lab/plugin/plugin.ts";
import { decodeQosNode, type ObjectEntry, type QosNodeStatus } from "../../plugin/report/qos-node.ts";

suite("the report of a node", agentNeeds, () => {
  let plane: ControlPlane;
  let site: AgentNode;
  let agent: Agent;

  beforeAll(async () => {
    const created = await createAgentPlane();
    ({ plane } = created);
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    site = await agentNode(created);
    agent = await site.begin();
    await site.running({ name: "web", labels: { app: "web" } });
    await site.running({ name: "other", labels: { app: "other" } });
    await until("a report", async () => (await entry())?.state === "applied", 20_000);
    await until("both pods decided", async () => {
      const { pods, pending } = (await status()) ?? { pods: 0, pending: 0 };
      return pods === 2 && pending === 0;
    });
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const status = async (): Promise<QosNodeStatus | undefined> =>
    decodeQosNode((await plane.api.ask("GET", `${QOS_NODES}/node-1`)).body)?.status;
  const entry = async (): Promise<ObjectEntry | undefined> => (await status())?.objects[0];
  const edited = async (dscp: number): Promise<Versions> => {
    const { metadata } = await plane.api.patch<KubeObject>(egressQosPath(), {
      spec: { egress: [{ dscp, podSelector: { matchLabels: { app: "web" } } }] },
    });
    return metadata as Versions;
  };
  const isObserved = async ({ resourceVersion }: Versions): Promise<boolean> =>
    BigInt((await status())?.observed.egressqoses ?? 0) >= BigInt(resourceVersion);
  const writes = (): number => agentCalls(plane).filter(isStatusWrite).length;
  /** Until a write of what was before can no more come. */
  const rest = async (): Promise<number> => {
    await sleep(2_200);
    return writes();
  };

  test("is there by the node's name, and goes with the Node", async () => {
    const node = await plane.api.get<KubeObject>("/api/v1/nodes/node-1");
    const { metadata } = await plane.api.get<KubeObject>(`${QOS_NODES}/node-1`);
    expect(metadata).toMatchObject({
      name: "node-1",
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "node-1", uid: node.metadata.uid }],
    });
    expect(await status()).toMatchObject({
      pods: 2,
      limited: 1,
      pending: 0,
      failed: 0,
      objects: [{ kind: "EgressQoS", namespace: "default", name: "default", state: "applied", pods: 1 }],
    });
    const { all } = await kubectl(plane, ["get", "qosnodes", "-owide"]);
    const [header = "", row = ""] = all.split("\n");
    expect(header.split(/ +/)).toEqual(["NAME", "PODS", "LIMITED", "PENDING", "FAILED", "UPLINK", "AGE"]);
    expect(row.split(/ +/).slice(0, 5)).toEqual(["node-1", "2", "1", "0", "0"]);
  });

  test("an edit is observed within two seconds, by one write; what changes no spec is no reason to write", async () => {
    const before = await rest();
    const made = await edited(20);
    await until("observed", () => isObserved(made), 2_000);
    await until("applied", async () => (await entry())?.state === "applied", 2_000);
    expect((await entry())?.generation).toBe(made.generation);
    const after = await rest();
    // Where the decision takes more than a second it is written before that as well.
    expect(after - before).toBeLessThanOrEqual((await crowding()) > 2 ? 2 : 1);
    await plane.api.patch(`${egressQosPath()}/status`, { status: { status: "said by somebody" } });
    await plane.api.patch(egressQosPath(), { metadata: { labels: { by: "somebody" } } });
    expect(await rest()).toBe(after);
  });

  test("an agent that cannot change its pod: it is said within two seconds, and that it is healed", async () => {
    await rest();
    await breakIptables(site.node);
    try {
      const made = await edited(30);
      await until("failed", async () => (await entry())?.state === "failed", 2_000);
      expect(await entry()).toMatchObject({ generation: made.generation, pods: 1 });
      expect((await entry())?.message).toMatch(/^default\/web eth0: .*broken on purpose/);
      expect(await status()).toMatchObject({ pods: 2, failed: 1 });
      expect(await isObserved(made)).toBe(true);
      const { all } = await kubectl(plane, ["get", "qosnodes"]);
      expect(all).toMatch(/node-1 +2 +1 +0 +1 /);
      const shown = async (): Promise<boolean> => {
        const { stdout } = await site.node.exec(linkPlugin(site.node), ["show"], { reject: false });
        return /FAILED: default\/web eth0: .*broken on purpose/.test(stdout.replaceAll(/\s+/g, " "));
      };
      await until("show says so", shown);
    } finally {
      await mendIptables(site.node);
    }
    await until("applied", async () => (await entry())?.state === "applied", 20_000);
    expect((await entry())?.message).toBeUndefined();
    expect(await status()).toMatchObject({ pods: 2, failed: 0 });
  });

  test("an object that is deleted is listed no more, and its deletion is observed", async () => {
    await plane.api.remove(egressQosPath());
    await until("no object", async () => (await status())?.objects.length === 0, 2_000);
    expect(await status()).toMatchObject({ limited: 0, pending: 0, failed: 0 });
    const { metadata } = await plane.api.create<KubeObject>(
      policyPath("EgressQoS", "default"),
      egressQos(46, "nobody"),
    );
    await until("that it is new", () => isObserved(metadata as Versions), 2_000);
    expect((await status())?.objects).toEqual([]);
  });

  test("a report that somebody deletes is made anew, and nothing of it touches the pods", async () => {
    await plane.api.remove(`${QOS_NODES}/node-1`);
    await plane.api.patch(podPath("default", "other"), {
      metadata: { annotations: { "pod-qos/egress-bandwidth": "5M" } },
    });
    await until("a new report", async () => (await status())?.limited === 1, 5_000);
    expect((await agent.page("/readyz")).code).toBe(200);
  });

  /** The last: without the definition there is nothing to write. */
  test("a cluster without the definition: the agent is at work, and says it once", async () => {
    await kubectl(plane, ["delete", "crd", "qosnodes.pod-qos.io"]);
    await plane.api.patch(podPath("default", "other"), {
      metadata: { annotations: { "pod-qos/egress-bandwidth": null } },
    });
    await until("an attempt", async () => (await agent.metric(MISSING)) >= 1, 10_000);
    const log = await agent.stop();
    expect(log.match(/no definition \(CRD\) of QoSNode/g)).toHaveLength(1);
    expect(log).toMatch(/egress 5M -> none/);
  });
});

const MISSING = 'pod_qos_status_writes_total{result="missing"}';

type Versions = { readonly generation: number; readonly resourceVersion: string };

type Call = ReturnType<typeof agentCalls>[number];

const isStatusWrite = ({ verb, stage, objectRef }: Call): boolean =>
  verb === "patch" && stage === "ResponseComplete" && objectRef?.resource === "qosnodes";
