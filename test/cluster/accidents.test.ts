/** What happens to an API and is nobody's wish: no pod that runs loses a mark or a limit by it, and what is wished later is followed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connectApi, type KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until as untilWithin } from "../lab/agent/agent.ts";
import { agentNode, egressQos, egressQosPath, marked, type AgentNode } from "../lab/cluster/agent-node.ts";
import { agentNeeds, agentToken, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { compact } from "../lab/cluster/compact.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { forgetAll } from "../lab/cluster/forget-all.ts";
import { applyInstall, kubectl, policyPath } from "../lab/cluster/installed.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { marksOf } from "../lab/traffic/marks.ts";
import { suite } from "../lab/node/needs.ts";

suite("accidents", agentNeeds, () => {
  let plane: ControlPlane;
  let kubeconfig: string;
  let tokenFile: string;
  let site: AgentNode;
  /** For names of what stays: a second try makes others. */
  let tries = 0;

  beforeAll(async () => {
    ({ plane } = await createAgentPlane());
    tokenFile = join(plane.folder, "token");
    kubeconfig = plane.kubeconfigFor("agent", { tokenFile });
  });
  afterAll(() => plane.stop());
  beforeEach(async () => {
    tries += 1;
    writeFileSync(tokenFile, await agentToken(plane));
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    site = await agentNode({ plane, kubeconfig });
    return async () => {
      await site[Symbol.asyncDispose]();
      await plane.api.ask("DELETE", egressQosPath());
    };
  });

  const runWeb = () => site.running({ name: "web", labels: { app: "web" } });
  const mark = (dscp: number): Promise<unknown> =>
    plane.api.patch(egressQosPath(), { spec: { egress: [{ dscp, podSelector: webs }] } });

  test("a namespace that is deleted, its objects before its pods: they keep what these gave them, and are followed otherwise", async () => {
    const { begin, running, kubelet, egressOf } = site;
    const namespace = `doomed-${tries}`;
    await plane.api.create(NAMESPACES, { metadata: { name: namespace } });
    await plane.api.create(policyPath("EgressQoS", namespace), egressQos(10, "web"));
    let agent = await begin();
    const doomed = await running({ name: "web", namespace, labels: { app: "web" } });
    const web = await runWeb();
    await Promise.all([marked("doomed", doomed, [10]), marked("web", web, [46])]);
    // Nobody ends the pods: as where they take their time.
    await kubelet.stop();
    await plane.api.remove(`${NAMESPACES}/${namespace}`);
    await plane.api.remove(egressQosPath(namespace));
    await plane.api.remove(podPath(namespace, "web"), { gracePeriodSeconds: 300 });
    await plane.api.patch(podPath(namespace, "web"), {
      metadata: { annotations: { "pod-qos/egress-bandwidth": "5M" } },
    });
    await until("a cap", async () => (await egressOf(doomed)) === "5Mbit");
    expect(await marksOf(doomed.pod)).toEqual([10]);
    expect(await agent.stop()).toMatch(/namespace doomed-\d+ is being deleted/);
    agent = await begin();
    await sleep(1_000);
    expect(await marksOf(doomed.pod)).toEqual([10]);
    // A pod that is being deleted, in a namespace that is not.
    await plane.api.remove(podPath("default", "web"), { gracePeriodSeconds: 300 });
    await plane.api.remove(egressQosPath());
    await marked("of an object that somebody deleted", web, []);
    expect(await marksOf(doomed.pod)).toEqual([10]);
    await plane.api.remove(podPath(namespace, "web"), { gracePeriodSeconds: 0 });
  });

  test("an object edited to what the definition would refuse: its last valid form counts, and the next good edit", async () => {
    const { begin, running } = site;
    let agent = await begin();
    const web = await runWeb();
    await marked("web", web, [46]);
    const { spec } = await plane.api.get<Definition>(DEFINITION);
    const [version] = spec.versions;
    const anything = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await plane.api.patch(DEFINITION, { spec: { versions: [{ ...version, schema: anything }] } });
    try {
      await eventually("an invalid edit is taken", async () =>
        (await plane.api.ask("PATCH", egressQosPath(), { type: MERGE, value: INVALID })).status === 200
          ? true
          : undefined,
      );
      await until("the metric", async () => (await agent.metric("pod_qos_object_faults")) === 1);
      const later = await running({ name: "later", labels: { app: "web" } });
      await marked("a new pod", later, [46]);
      expect(await agent.stop()).toMatch(/warn .*EgressQoS default\/default \(API\): .*dscp/);
      agent = await begin();
      expect(await agent.metric("pod_qos_object_faults")).toBe(1);
      expect(await marksOf(web.pod)).toEqual([46]);
      await mark(20);
      await Promise.all([marked("web", web, [20]), marked("later", later, [20])]);
      await until("the metric", async () => (await agent.metric("pod_qos_object_faults")) === 0);
    } finally {
      await plane.api.patch(DEFINITION, { spec: { versions: [version] } });
    }
  });

  test("another pod under the name of one that runs: that one keeps what it has, and it is said", async () => {
    const { begin, kubelet } = site;
    const agent = await begin();
    const web = await runWeb();
    await marked("web", web, [46]);
    await kubelet.stop();
    await plane.api.remove(podPath("default", "web"), { gracePeriodSeconds: 0 });
    await plane.api.create(podPath("default"), podObject({ name: "web", nodeName: "node-1" }));
    await until("the metric", async () => (await agent.metric('pod_qos_pods{state="absent"}')) === 1);
    await mark(20);
    await sleep(500);
    expect(await marksOf(web.pod)).toEqual([46]);
    expect(await agent.stop()).toMatch(/default\/web eth0: the API shows another pod of this name/);
  });

  test("versions that are compacted away while the node is cut off: all is listed anew, and nothing missed", async () => {
    const { begin, reach, running } = site;
    const agent = await begin();
    const web = await runWeb();
    const alone = await running({ name: "alone", annotations: { "pod-qos/dscp": "8" } });
    await marked("web", web, [46]);
    await reach.cut();
    await mark(20);
    await plane.api.patch(podPath("default", "alone"), {
      metadata: { annotations: { "pod-qos/dscp": "9" } },
    });
    await compact(plane);
    await plane.killApiServer();
    await plane.startApiServer();
    await reach.restore();
    await Promise.all([marked("web", web, [20]), marked("alone", alone, [9])]);
    expect(await agent.stop()).toMatch(/too old resource version|410/);
  });

  test("a token that is revoked before the next one is there: nothing is lost, and all is followed once it is", async () => {
    const { begin, reach } = site;
    const first = await boundToken(plane);
    writeFileSync(tokenFile, first.token);
    const agent = await begin();
    const web = await runWeb();
    await marked("web", web, [46]);
    await first.revoke();
    await reach.cut();
    await reach.restore();
    await until("a refusal", async () => (await agent.metric(REFUSED)) > 0);
    await plane.api.remove(egressQosPath());
    await sleep(1_000);
    expect(await marksOf(web.pod)).toEqual([46]);
    writeFileSync(tokenFile, (await boundToken(plane)).token);
    await marked("by the second token", web, []);
    expect(await agent.stop()).toMatch(/warn .*Unauthorized/);
  });

  test("definitions that are deleted and made anew: caps stay, and objects that are made anew count", async () => {
    const { begin, running, egressOf } = site;
    const agent = await begin();
    const web = await runWeb();
    const capped = await running({ name: "capped", annotations: { "pod-qos/egress-bandwidth": "10M" } });
    await marked("web", web, [46]);
    await kubectl(plane, ["delete", "crd", "egressqoses.k8s.ovn.org", "networkqoses.k8s.ovn.org"]);
    try {
      // The API server deletes the objects first, each with an event.
      await marked("of a deleted object", web, []);
      expect((await agent.page("/readyz")).code).toBe(200);
    } finally {
      await applyInstall(plane);
    }
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(30, "web"));
    await marked("of one made anew", web, [30]);
    expect(await egressOf(capped)).toBe("10Mbit");
    await agent.stop();
  });

  test("a second agent on the node: it changes nothing while the first is at work, and takes over from it", async () => {
    const { begin } = site;
    const first = await begin();
    const second = await begin({ ready: false });
    const web = await runWeb();
    await marked("web", web, [46]);
    await first.kill();
    await mark(20);
    await marked("by the second", web, [20]);
    expect(await second.stop()).toMatch(/another agent runs on this node \(process \d+\): waiting/);
  });

  // The last: nothing is left of the cluster.
  test("another cluster at the same address: nothing is changed by its word, and it is said", async () => {
    const { begin, running, egressOf, kubelet } = site;
    const { kubeconfig: byCertificate } = plane;
    const agent = await begin({ kubeconfig: byCertificate });
    const web = await runWeb();
    const capped = await running({ name: "capped", annotations: { "pod-qos/egress-bandwidth": "10M" } });
    await marked("web", web, [46]);
    await kubelet.stop();
    await forgetAll(plane);
    await plane.startApiServer();
    await applyInstall(plane);
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(7, "web"));
    await plane.api.create(podPath("default"), podObject({ name: "capped", nodeName: "node-1" }));
    await until("the metric", async () => (await agent.metric("pod_qos_other_cluster")) === 1);
    expect(await agent.page("/readyz")).toMatchObject({ code: 503 });
    await sleep(6_000);
    expect([await marksOf(web.pod), await egressOf(capped)]).toEqual([[46], "10Mbit"]);
    expect(await agent.stop()).toMatch(/error .*is another cluster .*nothing is changed/);
    const again = await begin({ kubeconfig: byCertificate, ready: false });
    await until("the metric", async () => (await again.metric("pod_qos_other_cluster")) === 1);
    await sleep(1_000);
    expect([await marksOf(web.pod), await egressOf(capped)]).toEqual([[46], "10Mbit"]);
  });
});

/** As long as a loaded machine may take: nothing here is about speed. */
const until = (what: string, isSo: () => Promise<boolean>): Promise<number> =>
  untilWithin(what, isSo, 60_000);

const webs = { matchLabels: { app: "web" } };
const MERGE = "application/merge-patch+json";
const DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/egressqoses.k8s.ovn.org";
const INVALID = { spec: { egress: [{ dscp: 99, podSelector: webs }] } };
const REFUSED = 'pod_qos_watch_restarts_total{resource="pods",reason="watch"}';

type Definition = KubeObject & { readonly spec: { readonly versions: readonly object[] } };

/** Good until the secret that it is bound to is deleted, and what the server remembers of it for ten seconds. */
const boundToken = async (
  plane: ControlPlane,
): Promise<{ readonly token: string; readonly revoke: () => Promise<void> }> => {
  const { api, server, certificates } = plane;
  const secrets = `${NAMESPACES}/pod-qos-system/secrets`;
  const { metadata } = await api.create<KubeObject>(secrets, { metadata: { generateName: "bound-" } });
  const { name, uid } = metadata;
  const boundObjectRef = { kind: "Secret", apiVersion: "v1", name, uid };
  const token = await agentToken(plane, boundObjectRef);
  const bearer = connectApi(server, certificates.authority, { token });
  const isRefused = async (): Promise<true | undefined> =>
    (await bearer.ask("GET", "/api/v1/pods")).status === 401 ? true : undefined;
  return {
    token,
    revoke: async () => {
      await api.remove(`${secrets}/${name}`);
      await eventually("the token is refused", isRefused);
      bearer.close();
    },
  };
};
