/** Where the third act's edits are made: a real API server where one is built here, else the files that `--no-api` follows. */
import { mkdirSync, writeFileSync } from "node:fs";
import { execaSync } from "execa";
import { tokenOf } from "../../test/lab/cluster/accounts.ts";
import { createCluster } from "../../test/lab/cluster/cluster.ts";
import { applyInstall, kubectl } from "../../test/lab/cluster/installed.ts";
import { podObject, podPath } from "../../test/lab/cluster/objects.ts";
import { reachFrom } from "../../test/lab/cluster/reach.ts";
import type { LabNode } from "../../test/lab/node/node.ts";
import type { Pod } from "../../test/lab/node/pod.ts";
import { kubernetes, missingPrograms } from "../lab/cluster/programs.ts";

export interface LiveSource {
  readonly introduction: string;
  readonly agentArgs: readonly string[];
  /** What the runtime's ADD says of the pod. */
  readonly conf: object;
  readonly cniArgs: string;
  /** An EgressQoS, then what it selects by, then the cap. */
  readonly edits: readonly [Edit, Edit, Edit];
  readonly close: () => Promise<void>;
}

export interface Edit {
  /** As a user would type it. */
  readonly command: string;
  readonly make: () => Promise<void>;
}

/** Mbit/s to the pod, before and after the third edit. */
export const CAPS = { before: 50, after: 20 } as const;

export const openLiveSource = (node: LabNode, pod: Pod): Promise<LiveSource> =>
  hasCluster() ? fromApi(node, pod) : Promise.resolve(fromFiles(node, pod));

const hasCluster = (): boolean =>
  missingPrograms(["kube-apiserver", "etcd", "kubectl"]).length === 0 &&
  execaSync("openssl", ["version"], { reject: false }).exitCode === 0;

const INGRESS = "kubernetes.io/ingress-bandwidth";

const fromApi = async (node: LabNode, pod: Pod): Promise<LiveSource> => {
  const plane = await createCluster();
  await applyInstall(plane);
  await reachFrom(node, plane);
  const annotations = { [INGRESS]: `${CAPS.before}M` };
  const object = podObject({ name: pod.name, labels: { app: "web" }, annotations, nodeName: "node-1" });
  const { metadata } = await plane.api.create(podPath("default"), object);
  const token = await tokenOf(plane.api, "pod-qos-agent", { namespace: "pod-qos-system" });
  const run = async (args: readonly string[], input?: object): Promise<void> => {
    const { exitCode, all } = await kubectl(plane, args, input);
    if (exitCode !== 0) throw new Error(`kubectl ${args.join(" ")}: ${all}`);
  };
  const command = (...args: readonly string[]): Edit => ({
    command: `kubectl ${args.join(" ")}`,
    make: () => run(args),
  });
  return {
    introduction: `The agent follows a real API server (kube-apiserver ${kubernetes.version}) with install/kubernetes in it.`,
    agentArgs: ["--node", "node-1", "--kubeconfig", plane.kubeconfigFor("agent", { token })],
    conf: { capabilities: PASSED_ON, runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } },
    cniArgs: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod.name};K8S_POD_UID=${metadata.uid}`,
    edits: [
      {
        command: `kubectl apply -f egressqos.yaml   # ${RULES}`,
        make: () => run(["apply", "-f", "-"], byLabel),
      },
      command("label", "pod", pod.name, "app=batch", "--overwrite"),
      command("annotate", "pod", pod.name, `${INGRESS}=${CAPS.after}M`, "--overwrite"),
    ],
    close: () => plane.stop(),
  };
};

const PASSED_ON = { "io.kubernetes.cri.pod-annotations": true } as const;

/** Nobody tells a plugin without an API of new labels, so what changes here is whom the object selects. */
export const fromFiles = (node: LabNode, pod: Pod): LiveSource => {
  const policyDir = "/etc/cni/policies";
  mkdirSync(node.path(policyDir));
  const conf = (cap: number) => ({
    policyDir,
    defaults: { ingressBandwidth: `${cap}M` },
    args: { cni: { labels: { app: "web" } } },
  });
  const write = (path: string, content: object) => async (): Promise<void> =>
    writeFileSync(node.path(path), JSON.stringify(content));
  const conflist = (cap: number) =>
    write("/etc/cni/net.d/10-demo.conflist", {
      cniVersion: "1.0.0",
      name: NETWORK,
      plugins: [{ type: "ptp" }, { type: "pod-qos", ...conf(cap) }],
    });
  const policy = `${policyDir}/egressqos.json`;
  return {
    introduction:
      "No API server is built here (./scripts/cluster up builds one), so the agent follows files alone: pod-qos agent --no-api. " +
      "Labels come from the runtime then and stay as they were at ADD: the selector is edited in their place.",
    agentArgs: ["--no-api"],
    conf: conf(CAPS.before),
    cniArgs: `K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod.name}`,
    edits: [
      { command: `cp egressqos.json ${policyDir}/   # ${RULES}`, make: write(policy, byLabel) },
      { command: `edit ${policy}: app=web gets AF11`, make: write(policy, egressQos("AF11", "EF")) },
      { command: `edit 10-demo.conflist: ingressBandwidth ${CAPS.after}M`, make: conflist(CAPS.after) },
    ],
    close: () => Promise.resolve(),
  };
};

export const NETWORK = "demo";

const RULES = "app=web: EF, app=batch: AF11";

const MARKS = { EF: 46, AF11: 10 } as const;

const egressQos = (web: keyof typeof MARKS, batch: keyof typeof MARKS) => ({
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS",
  metadata: { name: "default", namespace: "default" },
  spec: {
    egress: [
      { dscp: MARKS[web], podSelector: { matchLabels: { app: "web" } } },
      { dscp: MARKS[batch], podSelector: { matchLabels: { app: "batch" } } },
    ],
  },
});

const byLabel = egressQos("EF", "AF11");
