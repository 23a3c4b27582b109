/** The agent's account in a real API server: what it may ask, and that it may ask nothing else. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectApi, type Api, type KubeObject } from "../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { tokenOf } from "../lab/cluster/accounts.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { applyInstall, QOS_NODES } from "../lab/cluster/installed.ts";
import { suite } from "../lab/node/needs.ts";

let plane: ControlPlane;
let agent: Api;
let nobody: Api;

async function accountOf(namespace: string, name: string): Promise<Api> {
  const token = await tokenOf(plane.api, name, { namespace });
  return connectApi(plane.server, plane.certificates.authority, { token });
}

type Rules = KubeObject & { readonly status: { readonly resourceRules: readonly object[] } };

/** As the API server itself adds them up, whatever roles they come from. */
async function rulesOf(api: Api, namespace: string): Promise<readonly string[]> {
  const path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
  const { status } = await api.create<Rules>(path, { spec: { namespace } });
  return status.resourceRules.map((rule) => JSON.stringify(rule)).toSorted();
}

const allowed: readonly object[] = [
  { verbs: ["list", "watch"], apiGroups: [""], resources: ["pods"] },
  { verbs: ["list", "watch"], apiGroups: [""], resources: ["namespaces"] },
  { verbs: ["get"], apiGroups: [""], resources: ["namespaces"], resourceNames: ["kube-system"] },
  { verbs: ["list", "watch"], apiGroups: ["k8s.ovn.org"], resources: ["egressqoses", "networkqoses"] },
  { verbs: ["list", "watch"], apiGroups: ["k8s.cni.cncf.io"], resources: ["network-attachment-definitions"] },
  {
    verbs: ["get"],
    apiGroups: ["apiextensions.k8s.io"],
    resources: ["customresourcedefinitions"],
    resourceNames: ["egressqoses.k8s.ovn.org", "networkqoses.k8s.ovn.org"],
  },
  { verbs: ["create"], apiGroups: ["pod-qos.io"], resources: ["qosnodes"] },
  { verbs: ["patch"], apiGroups: ["pod-qos.io"], resources: ["qosnodes/status"] },
  { verbs: ["get"], apiGroups: [""], resources: ["nodes"] },
  { verbs: ["create", "patch"], apiGroups: [""], resources: ["events"] },
];

const ovn = "/apis/k8s.ovn.org";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const needs = { kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] };

suite("the agent's account", needs, () => {
  beforeAll(async () => {
    plane = await createCluster();
    await applyInstall(plane);
    await plane.api.create("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "nobody" } });
    agent = await accountOf("pod-qos-system", "pod-qos-agent");
    nobody = await accountOf("default", "nobody");
  });
  afterAll(async () => {
    for (const api of [agent, nobody]) api?.close();
    await plane?.stop();
  });

  it.each(["default", "kube-system", "pod-qos-system"])(
    "in %s the account has just these rights more than an account has",
    async (namespace) => {
      const everybodys = await rulesOf(nobody, namespace);
      const own = (await rulesOf(agent, namespace)).filter((rule) => !everybodys.includes(rule));
      expect(own).toEqual(allowed.map((rule) => JSON.stringify(rule)).toSorted());
    },
  );

  it.each([
    "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1",
    "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1&watch=1&timeoutSeconds=1",
    "/api/v1/namespaces",
    "/api/v1/namespaces?watch=1&timeoutSeconds=1",
    "/api/v1/namespaces/kube-system",
    `${ovn}/v1/egressqoses`,
    `${ovn}/v1/egressqoses?watch=1&timeoutSeconds=1`,
    `${ovn}/v1alpha1/networkqoses`,
    `${ovn}/v1alpha1/networkqoses?watch=1&timeoutSeconds=1`,
    `${definitions}/egressqoses.k8s.ovn.org`,
    `${definitions}/networkqoses.k8s.ovn.org`,
  ])("GET %s is answered", async (path) => {
    expect((await agent.ask("GET", path)).status).toBe(200);
  });

  it("NetworkAttachmentDefinitions may be asked for, where there are any", async () => {
    const path = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions";
    expect([(await agent.ask("GET", path)).status, (await nobody.ask("GET", path)).status]).toEqual([
      404, 403,
    ]);
  });

  it.each([
    ["GET", "/api/v1/secrets"],
    ["GET", "/api/v1/nodes"],
    ["GET", "/api/v1/configmaps"],
    ["GET", "/api/v1/namespaces/default"],
    ["GET", "/api/v1/namespaces/default/pods/a"],
    ["GET", definitions],
    ["GET", `${definitions}/pods.example.com`],
    ["POST", "/api/v1/namespaces/default/pods"],
    ["DELETE", "/api/v1/namespaces/default/pods/a"],
    ["PATCH", "/api/v1/namespaces/default/pods/a"],
    ["POST", "/api/v1/namespaces/default/pods/a/exec"],
    ["POST", `${ovn}/v1/namespaces/default/egressqoses`],
    ["PATCH", `${ovn}/v1/namespaces/default/egressqoses/default`],
    ["PATCH", `${ovn}/v1alpha1/namespaces/default/networkqoses/a/status`],
    ["PATCH", `${ovn}/v1alpha1/namespaces/default/networkqoses/a`],
    ["GET", QOS_NODES],
    ["GET", `${QOS_NODES}/node-1`],
    ["PATCH", `${QOS_NODES}/node-1`],
    ["DELETE", `${QOS_NODES}/node-1`],
    ["PATCH", "/api/v1/nodes/node-1"],
    ["DELETE", `${ovn}/v1alpha1/namespaces/default/networkqoses/a`],
    ["GET", "/api/v1/namespaces/default/events"],
    ["DELETE", "/api/v1/namespaces/default/events/a"],
  ])("%s %s is refused", async (method, path) => {
    const body = method === "PATCH" ? { type: "application/merge-patch+json", value: {} } : { value: {} };
    expect((await agent.ask(method, path, method === "GET" ? undefined : body)).status).toBe(403);
  });

  it("the pods of the DaemonSet are such as the API server takes", async () => {
    type DaemonSet = KubeObject & { readonly spec: { readonly template: { readonly spec: object } } };
    const path = "/apis/apps/v1/namespaces/pod-qos-system/daemonsets/pod-qos-agent";
    const { spec } = await plane.api.get<DaemonSet>(path);
    const pod = {
      metadata: { name: "pod-qos-agent-x" },
      spec: { ...spec.template.spec, nodeName: "node-1" },
    };
    const answer = await plane.api.ask(
      "POST",
      "/api/v1/namespaces/pod-qos-system/pods?dryRun=All&fieldValidation=Strict",
      {
        value: pod,
      },
    );
    expect([answer.status, answer.body.message]).toEqual([201, undefined]);
    expect(answer.body).toMatchObject({
      spec: {
        hostNetwork: true,
        hostPID: true,
        priority: 2_000_001_000,
        tolerations: [{ operator: "Exists" }],
      },
    });
  });
});
