/** Events in a real API server: on the pod for its annotations, on the object for a manifest, and none without a reason. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until, writeConf, type Agent } from "../lab/agent/agent.ts";
import { agentNode, type AgentNode } from "../lab/cluster/agent-node.ts";
import { agentCalls, agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import type { AuditEvent } from "../lab/cluster/audit.ts";
import { eventsAbout, inShort } from "../lab/cluster/events.ts";
import { kubectl, policyPath } from "../lab/cluster/installed.ts";
import {
  CONFIG,
  NAMESPACES,
  podObject,
  podPath,
  runningStatus,
  type PodWish,
} from "../lab/cluster/objects.ts";
import { hostDeviceOf } from "../lab/cluster/sandbox-caps.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import { suite } from "../lab/node/needs.ts";

suite("Events of the agent", agentNeeds, () => {
  let plane: ControlPlane;
  let site: AgentNode;
  let agent: Agent;

  beforeAll(async () => {
    const made = await createAgentPlane();
    ({ plane } = made);
    site = await agentNode({ ...made, binds: true });
    await site.node.exec("ip", ["link", "add", "up0", "type", "veth", "peer", "name", "up1"]);
    await site.node.exec("ip", ["link", "set", "up0", "up"]);
    agent = await site.begin();
    await site.running({ name: "half", annotations: { "net1.pod-qos/dscp": "EF" } });
    await pretend({ name: "unserved", annotations: { "pod-qos/dscp": "EF" } });
  });
  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const annotate = (name: string, annotations: object): Promise<unknown> =>
    plane.api.patch(podPath("default", name), { metadata: { annotations } });
  const reported = async (name: string, expected: readonly string[], withinMs = 15_000): Promise<void> => {
    const isSo = async (): Promise<boolean> =>
      inShort(await eventsAbout(plane.api, name)).join() === expected.join();
    await until(`events of ${name}: ${expected.join()}`, isSo, withinMs).catch(async (error: unknown) => {
      expect(inShort(await eventsAbout(plane.api, name))).toEqual(expected);
      throw error;
    });
  };
  const noteOf = async (name: string): Promise<string | undefined> =>
    (await eventsAbout(plane.api, name))[0]?.message;
  /** It runs on the node by its status alone: a kubelet of the lab makes nothing for a mirror. */
  const pretend = async (wish: PodWish, spec: object = {}): Promise<void> => {
    const annotations = { ...wish.annotations, [CONFIG.mirror]: "elsewhere" };
    const pod = podObject({ ...wish, annotations, nodeName: "node-1" }) as { readonly spec: object };
    await plane.api.create(podPath("default"), { ...pod, spec: { ...pod.spec, ...spec } });
    await plane.api.patch(`${podPath("default", wish.name)}/status`, runningStatus([]));
  };
  const ceiling = (rate: string | null): Promise<unknown> =>
    plane.api.patch(`${NAMESPACES}/default`, {
      metadata: { annotations: { "pod-qos/max-egress-bandwidth": rate } },
    });
  const eventCalls = (): readonly AuditEvent[] =>
    agentCalls(plane).filter(({ objectRef }) => objectRef?.resource === "events");

  test("a bad annotation of a running pod is on the pod, once for as long as it is bad, and counted up when it is again", async () => {
    await site.running({ name: "odd" });
    await annotate("odd", { "pod-qos/dscp": "many" });
    await reported("odd", ["QoSRejected 1"]);
    expect(await noteOf("odd")).toMatch(
      /^eth0: it keeps what it has: annotation pod-qos\/dscp: "many" is not valid/,
    );
    await annotate("odd", { "pod-qos/dscp": "EF" });
    await until("it is well", async () => (await agent.metric('pod_qos_pods{state="refused"}')) === 0);
    await annotate("odd", { "pod-qos/dscp": "many" });
    await reported("odd", ["QoSRejected 2"]);
    const { all } = await kubectl(plane, ["describe", "pod", "odd"]);
    expect(all).toMatch(/Warning\s+QoSRejected\s+.*\(x2 over .*pod-qos-agent\s+eth0: it keeps what it has/);
  });

  test("annotations of a pod of hostNetwork are on the pod, Kubernetes' own are not", async () => {
    const hostNetwork = { hostNetwork: true };
    await pretend({ name: "plain", annotations: { "kubernetes.io/egress-bandwidth": "1M" } }, hostNetwork);
    await pretend({ name: "host", annotations: { "pod-qos/dscp": "EF" } }, hostNetwork);
    await reported("host", ["QoSNotApplied 1"]);
    expect(await noteOf("host")).toMatch(/^annotation pod-qos\/dscp does nothing: .*hostNetwork/);
    await reported("plain", []);
  });

  test("a request above the ceiling of its namespace is on the pod, also of one that is new", async () => {
    await site.running({ name: "large", annotations: { "pod-qos/egress-bandwidth": "1G" } });
    await ceiling("100M");
    await reported("large", ["QoSCut 1"]);
    expect(await noteOf("large")).toBe(
      "eth0: annotation pod-qos/egress-bandwidth: egress of 1G is cut to 100M by annotation pod-qos/max-egress-bandwidth of namespace default",
    );
    await site.running({ name: "late", annotations: { "pod-qos/egress-bandwidth": "1G" } });
    await reported("late", ["QoSCut 1"]);
    await ceiling(null);
    await reported("odd", ["QoSRejected 2"]);
  });

  test("a class that a pod cannot have, or has no more, is on the pod", async () => {
    const uplink = { device: "up0", rate: "1G", default: "rest", classes: { rest: { rate: "100M" } } };
    const bulk = { rate: "100M", set: "bulk-pods" };
    await writeConf(
      site.node,
      "10-podnet.conflist",
      { uplink: { ...uplink, classes: { ...uplink.classes, bulk } } },
      "podnet",
    );
    const classy = await site.running({ name: "classy" });
    await annotate("classy", { "pod-qos/class": "bulk" });
    await until("its class", () => recordOfSandbox(site.node, classy).membership?.class === "bulk", 15_000);
    await annotate("classy", { "pod-qos/class": "nope" });
    await reported("classy", ["QoSRejected 1"]);
    expect(await noteOf("classy")).toMatch(/there is no class "nope".*it is in class bulk/);
    await writeConf(site.node, "10-podnet.conflist", { uplink }, "podnet");
    await reported("classy", ["QoSRejected 1", "QoSRejected 1"]);
  });

  test("an object that cannot be applied has it itself, and not its pods", async () => {
    await plane.api.create(policyPath("NetworkQoS", "default"), {
      apiVersion: "k8s.ovn.org/v1alpha1",
      kind: "NetworkQoS",
      metadata: { name: "wrong" },
      spec: {
        priority: 1,
        egress: [
          { dscp: 1, classifier: { to: [{ ipBlock: { cidr: "10.0.0.0/24", except: ["10.1.0.0/24"] } }] } },
        ],
      },
    });
    await reported("wrong", ["QoSRejected 1"]);
    expect(await noteOf("wrong")).toMatch(/^NetworkQoS default\/wrong .*except.*: nothing of it is applied$/);
    await reported("odd", ["QoSRejected 2"]);
  });

  test("what something else removes again and again is on the pod from the third time on", async () => {
    const sandbox = await site.running({
      name: "fought",
      annotations: { "pod-qos/ingress-bandwidth": "10M" },
    });
    const device = hostDeviceOf(sandbox);
    for (const times of [1, 2, 3]) {
      const before = await agent.metric('pod_qos_read_backs_total{result="mended"}');
      await site.node.exec("tc", ["qdisc", "del", "dev", device, "root"]);
      const isBack = async (): Promise<boolean> =>
        (await agent.metric('pod_qos_read_backs_total{result="mended"}')) > before;
      await until(`put back ${times} times`, isBack, 15_000);
      if (times === 2) await reported("fought", []);
    }
    await reported("fought", ["QoSDrift 1"]);
    expect(await noteOf("fought")).toMatch(/^eth0: restored several times within an hour, .*htb/i);
  });

  test("so are those of a pod without pod-qos on any network, or on the one that they name, half a minute after it runs", async () => {
    await reported("unserved", ["QoSNotApplied 1"], 40_000);
    await reported("half", ["QoSNotApplied 1"]);
    expect(await noteOf("unserved")).toMatch(
      /^annotation pod-qos\/dscp does nothing: none of the pod's networks/,
    );
    expect(await noteOf("half")).toMatch(/^annotation net1\.pod-qos\/dscp does nothing: the pod has no such/);
  });

  test("an agent that starts again writes none twice, and one that has nothing to do writes none", async () => {
    const all = ["odd", "host", "late", "classy", "wrong", "fought"];
    const before = await Promise.all(all.map((name) => eventsAbout(plane.api, name)));
    await agent.stop();
    const calls = eventCalls().length;
    agent = await site.begin();
    // Of what is so still: odd, host, classy, wrong.
    const known = 'pod_qos_events_total{result="known"}';
    await until("those that are so", async () => (await agent.metric(known)) >= 4, 20_000);
    // A turn, in which pods and objects are looked at.
    await sleep(5_500);
    const after = await Promise.all(all.map((name) => eventsAbout(plane.api, name)));
    expect(after).toEqual(before);
    expect(eventCalls().length - calls).toBe(await agent.metric(known));
    expect(await agent.metric('pod_qos_events_total{result="written"}')).toBe(0);
  });
});
