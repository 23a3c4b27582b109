/** Pods that were added before pod-qos was in their chain: by the real libcni, whose cache is all that is known of them. */
import { readdirSync, readFileSync } from "node:fs";
import { capabilitiesOf, type Annotations } from "../cluster/runtime-call.ts";
import { podNetwork } from "../cluster/pod-network.ts";
import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";
import { succeeded, succeededSilently } from "../plugin/answers.ts";
import { runChain } from "../plugin/chain.ts";
import type { Conflist } from "../plugin/conflist.ts";
import { callPlugin, type CniVerb } from "../plugin/plugin.ts";
import { writeConf } from "./agent.ts";

export type Unmanaged = {
  readonly pod: Pod;
  /** As cnitool calls it. */
  readonly containerId: string;
  /** Of libcni's cache, as the node calls it. */
  readonly file: string;
  readonly annotations: Annotations;
  readonly cached: Cached;
  /** Its process and its namespace, without any DEL. */
  readonly end: () => Promise<void>;
};

type Cached = Readonly<Record<string, unknown>> & { readonly result: CachedResult };
type CachedResult = {
  readonly ips: readonly { readonly address: string }[];
  readonly interfaces: readonly { readonly name: string }[];
};

export const unmanagedNeeds = { plugin: true, peers: ["cnitool", "bridge", "host-local"] } as const;

const RESULTS = "/var/lib/cni/results";
export const NETWORK = "podnet";

/** The network's chain with and without us. */
export const chains = (conf: object): { readonly before: Conflist; readonly now: Conflist } => {
  const now = podNetwork({ subnet: "10.88.0.0/16", conf: { ...conf } });
  return { now, before: { ...now, plugins: now.plugins.filter(({ type }) => type !== "pod-qos") } };
};

/** `isInhabited`: a process lives there, as in each pod of a runtime. `isByPid`: the runtime names its namespace by that process. */
export const addUnmanaged = async (
  node: LabNode,
  chain: Conflist,
  annotations: Annotations,
  { isInhabited = true, isByPid = false } = {},
): Promise<Unmanaged> => {
  const pod = await node.addPod();
  const inhabitant = isInhabited ? pod.start("sleep", ["900"], { timeoutMs: 900_000 }) : undefined;
  const known = new Set(cacheFiles(node));
  const netns = isByPid && inhabitant !== undefined ? `/proc/${inhabitant.pid}/ns/net` : pod.netns;
  await runChain(
    node,
    "add",
    chain,
    { ...pod, netns },
    {
      client: "cnitool",
      capArgs: capabilitiesOf(annotations),
      cniArgs: argsOf(pod),
    },
  );
  const file = cacheFiles(node).find((name) => !known.has(name));
  if (file === undefined) throw new Error("cnitool has kept no result");
  const cached = JSON.parse(readFileSync(node.path(`${RESULTS}/${file}`), "utf8")) as Cached;
  return {
    pod,
    containerId: String(cached["containerId"]),
    file: `${RESULTS}/${file}`,
    annotations,
    cached,
    end: async () => {
      inhabitant?.kill("SIGKILL");
      await inhabitant?.done;
      await pod.remove();
    },
  };
};

/** The conflist that the agent finds, in place of the one that pods were added by. */
export const putInChain = (node: LabNode, conf: object): Promise<void> => {
  const entry = chains(conf).now.plugins.find(({ type }) => type === "pod-qos");
  return writeConf(node, `${NETWORK}.conflist`, { ...entry }, NETWORK);
};

/** As a runtime calls us for it by the chain of now. */
export const callFor = async (
  node: LabNode,
  { pod, containerId, annotations, cached }: Unmanaged,
  verb: CniVerb,
  conf: object,
): Promise<void> => {
  const answer = await callPlugin(node, {
    command: verb,
    containerId,
    netns: pod.netns,
    ifname: "eth0",
    args: argsOf(pod),
    conf: {
      ...entryOf(conf),
      cniVersion: "1.1.0",
      name: NETWORK,
      runtimeConfig: capabilitiesOf(annotations),
      prevResult: { ...cached.result, cniVersion: "1.1.0" },
    },
  });
  if (verb === "ADD") succeeded(answer);
  else succeededSilently(answer);
};

export const addressOf = ({ cached }: Unmanaged): string =>
  cached.result.ips[0]?.address.replace(/\/.*/, "") ?? "";

export const recordPathOf = (node: LabNode, { containerId }: Unmanaged): string =>
  node.path(`/run/pod-qos/attachments/${NETWORK}/${containerId}@eth0.json`);

const entryOf = (conf: object): object => ({
  ...chains(conf).now.plugins.find(({ type }) => type === "pod-qos"),
});

const argsOf = ({ name }: Pod): string =>
  `IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=${name};K8S_POD_INFRA_CONTAINER_ID=${name}`;

const cacheFiles = (node: LabNode): readonly string[] => {
  try {
    return readdirSync(node.path(RESULTS));
  } catch {
    return [];
  }
};
