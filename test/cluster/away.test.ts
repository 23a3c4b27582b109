/** The API server or the agent away while a node lives on, and what follows when it is back. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until } from "../lab/agent/agent.ts";
import { agentNode, egressQos, egressQosPath, marked } from "../lab/cluster/agent-node.ts";
import { AGENT_ACCOUNT, agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { auditOf } from "../lab/cluster/audit.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { figure } from "../lab/measure/figures.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import type { LabNode } from "../lab/node/node.ts";
import { crowding } from "../lab/measure/machine.ts";
import { marksOf } from "../lab/traffic/marks.ts";
import { suite } from "../lab/node/needs.ts";
import { repetitions } from "../lab/measure/repetitions.ts";

suite("away", agentNeeds, () => {
  let plane: ControlPlane;
  let kubeconfig: string;

  beforeAll(async () => {
    ({ plane, kubeconfig } = await createAgentPlane());
    await plane.api.create(NAMESPACES, { metadata: { name: "second" } });
  });
  afterAll(() => plane.stop());

  afterEach(async () => {
    for (const namespace of ["default", "second"]) await plane.api.ask("DELETE", egressQosPath(namespace));
  });

  const change = (name: string, metadata: object): Promise<unknown> =>
    plane.api.patch(podPath("default", name), { metadata });

  test("the API server: pods come and go, objects and labels change; all is followed when it is back, and nothing else removed", async () => {
    await using site = await agentNode({ plane, kubeconfig });
    const { begin, running, egressOf, reach, kubelet } = site;
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await plane.api.create(policyPath("EgressQoS", "second"), egressQos(10, "web"));
    const agent = await begin();
    const web = await running({ name: "web", labels: { app: "web" } });
    const other = await running({ name: "other", labels: { app: "other" } });
    const capped = await running({ name: "capped", annotations: { "pod-qos/egress-bandwidth": "10M" } });
    const alone = await running({ name: "alone", annotations: { "pod-qos/dscp": "8" } });
    const far = await running({ name: "far", namespace: "second", labels: { app: "web" } });
    const fixed = await kubelet.runStatic({ name: "fixed", annotations: { "pod-qos/dscp": "16" } });
    await running({ name: "leaves", labels: { app: "web" } });
    const remade = await running({ name: "remade", labels: { app: "web" } });
    await marked("web", web, [46]);
    await marked("far", far, [10]);

    await reach.cut();
    const cutAt = performance.now();
    await plane.api.remove(egressQosPath("second"));
    await plane.api.patch(egressQosPath(), { spec: { egress: [{ dscp: 12, podSelector: webs }] } });
    await change("other", { labels: { app: "web" } });
    await change("capped", { annotations: { "pod-qos/egress-bandwidth": "5M" } });
    await plane.api.remove(podPath("default", "leaves"));
    await kubelet.gone("leaves");
    const comes = await running({
      name: "comes",
      labels: { app: "web" },
      annotations: { "pod-qos/egress-bandwidth": "20M" },
    });
    expect(await egressOf(comes)).toBe("20Mbit");
    await plane.killApiServer();
    const startedAt = new Date();
    await reach.restore();
    const remaking = kubelet.restartSandbox(remade);
    // Nobody waits for it any more where the test fails before.
    remaking.catch(() => undefined);
    const meanwhile: readonly (readonly [Sandbox, Limits])[] = [
      [other, { dscp: 12 }],
      [comes, { dscp: 12, egress: 20e6 }],
      [far, {}],
      [alone, { dscp: 8 }],
      [fixed.sandbox, { dscp: 16 }],
      [capped, { egress: 5e6 }],
    ];
    const isInStep = (wanted: typeof meanwhile): boolean =>
      wanted.every(([sandbox, limits]) => hasLimits(site.node, sandbox, limits));
    let followed: Promise<Date>;
    try {
      await sleep(Math.max(0, repetitions(60) * 1000 - (performance.now() - cutAt)));
      expect(await Promise.all([web, far, alone, fixed.sandbox].map(({ pod }) => marksOf(pod)))).toEqual([
        [46],
        [10],
        [8],
        [16],
      ]);
      expect(await egressOf(capped)).toBe("10Mbit");
      expect((await agent.page("/readyz")).code).toBe(200);
    } finally {
      followed = until("what changed meanwhile", () => isInStep(meanwhile), 180_000).then(() => new Date());
      followed.catch(() => undefined);
      await plane.startApiServer();
    }
    const back = new Date();
    await change("web", { annotations: { "pod-qos/egress-bandwidth": "30M" } });
    const wanted = [...meanwhile, [web, { dscp: 12, egress: 30e6 }] as const];
    await until("in step", () => isInStep(wanted), 60_000);
    const inStepMs = Date.now() - back.getTime();
    const afterAnswerMs = (await followed).getTime() - firstAnswerSince(plane, startedAt).getTime();
    const crowd = await crowding();
    console.log(
      `in step ${inStepMs} ms after the return, ${afterAnswerMs} ms after the first answer; crowding ${crowd}`,
    );
    figure("s in step after the API server is back", inStepMs / 1000 / crowd, { atMost: 35 });
    figure("s in step after the first answer", afterAnswerMs / 1000 / crowd, { atMost: 3 });
    for (const [sandbox, { dscp, egress }] of [...wanted, [await remaking, { dscp: 12 }]] as const) {
      await marked(sandbox.name, sandbox, dscp === undefined ? [] : [dscp]);
      expect(await egressOf(sandbox)).toBe(egress && `${egress / 1e6}Mbit`);
    }
    expect(await agent.metric("pod_qos_unforeseen_errors_total")).toBe(0);
    await fixed.end();
  });

  test("the agent: what is deleted meanwhile is gone soon after its start; caps hold for new pods, and labels follow", async () => {
    await using site = await agentNode({ plane, kubeconfig });
    const { begin, running, egressOf } = site;
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await plane.api.create(policyPath("EgressQoS", "second"), egressQos(10, "web"));
    const first = await begin();
    const web = await running({ name: "web", labels: { app: "web" } });
    const far = await running({ name: "far", namespace: "second", labels: { app: "web" } });
    await marked("web", web, [46]);
    await first.kill();
    await plane.api.remove(egressQosPath());
    const comes = await running({
      name: "comes",
      namespace: "second",
      labels: { app: "web" },
      annotations: { "kubernetes.io/egress-bandwidth": "20M", "pod-qos/ingress-bandwidth": "5M" },
    });
    expect([await egressOf(comes), await marksOf(comes.pod), await marksOf(web.pod)]).toEqual([
      "20Mbit",
      [],
      [46],
    ]);
    const startedAt = performance.now();
    await begin({ ready: false });
    await marked("a deleted object's", web, [], 20_000);
    const seconds = (performance.now() - startedAt) / 1000 / (await crowding());
    console.log(`marks of a deleted object gone ${seconds.toFixed(2)} s after the agent's start`);
    figure("s from the agent's start until marks of an object deleted meanwhile are gone", seconds, {
      atMost: 10,
    });
    await marked("the new pod's", comes, [10], 10_000);
    expect([await egressOf(comes), await marksOf(far.pod)]).toEqual(["20Mbit", [10]]);
  });

  test('the agent, with "agent": "required": pods wait for it, and those that a node cannot do without do not', async () => {
    await using site = await agentNode({ plane, kubeconfig, conf: { agent: "required" } });
    const { begin, running, kubelet } = site;
    const first = await begin();
    await running({ name: "early" });
    await first.kill();
    await plane.api.create(podPath("default"), podObject({ name: "late", nodeName: "node-1" }));
    await until("a refusal", () => kubelet.failures.length > 0, 20_000);
    expect(kubelet.failures.at(-1)).toMatchObject({ pod: "default/late" });
    expect(kubelet.failures.at(-1)?.message).toMatch(
      /"code":11,"msg":"pod default\/late eth0: [^"]*not at work/,
    );
    await running({ name: "dns", namespace: "kube-system" });
    const fixed = await kubelet.runStatic({ name: "fixed" });
    await begin();
    await kubelet.running("late");
    await fixed.end();
  });
});

type Limits = { readonly dscp?: number; readonly egress?: number };

/** By its record, which is quick to read. */
const hasLimits = (node: LabNode, sandbox: Sandbox, { dscp, egress }: Limits): boolean => {
  const { limits, unfinished, pending } = recordOfSandbox(node, sandbox);
  return limits?.dscp === dscp && limits?.egress === egress && unfinished !== true && pending === undefined;
};

const webs = { matchLabels: { app: "web" } };

/** When the server first answered the agent well again. */
const firstAnswerSince = (plane: ControlPlane, since: Date): Date => {
  const own = auditOf(plane).filter(
    ({ user, responseStatus, stageTimestamp }) =>
      user.username === AGENT_ACCOUNT && responseStatus?.code === 200 && new Date(stageTimestamp) >= since,
  );
  const [first] = own.map(({ stageTimestamp }) => stageTimestamp).toSorted();
  if (first === undefined) throw new Error("the server has not answered the agent");
  return new Date(first);
};
