/** Pods of namespace default that get an interface from OVN through a conflist of the repository. */
import { createHash } from "node:crypto";
import { runChain, type ChainResult, type ChainVerb, type Conflist } from "../../lab/plugin/chain.ts";
import type { LabNode } from "../../lab/node/node.ts";
import type { Pod } from "../../lab/node/pod.ts";
import { LabError } from "../../lab/node/process.ts";
import type { Cluster } from "./cluster.ts";
import { createPort, type Addresses, type Network, type Place } from "./network.ts";

export type Wanted = {
  readonly name: string;
  readonly place: Place;
  readonly network: Network;
  readonly conflist: Conflist;
  readonly ifname?: string;
  /** Last part of its addresses. */
  readonly host: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Hand the failure of its ADD back; else it is thrown. */
  readonly mayFail?: true;
};

export type OvnPod = {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly ifname: string;
  readonly addresses: Addresses;
  /** Its end on the node. */
  readonly hostEnd: string;
  readonly added: ChainResult;
  readonly run: (verb: ChainVerb) => Promise<ChainResult>;
};

export async function addPod(cluster: Cluster, wanted: Wanted): Promise<OvnPod> {
  const { name, place, network, conflist, ifname = "eth0" } = wanted;
  const node = cluster[place];
  const addresses = await createPort(cluster, network, place, name, wanted.host);
  const pod = await node.addPod(name);
  const options = {
    ifname,
    client: "runner",
    reject: false,
    // 64 hexadecimal digits, as a runtime's: the veth's name on the node is the first 15.
    containerId: createHash("sha256").update(name).digest("hex"),
    cniArgs: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`,
    capArgs: { "io.kubernetes.cri.pod-annotations": wanted.annotations ?? {} },
  } as const;
  const run = (verb: ChainVerb): Promise<ChainResult> => runChain(node, verb, conflist, pod, options);
  const added = await run("add");
  if (added.exitCode !== 0 && wanted.mayFail !== true) throw new LabError(added);
  const hostEnd = added.result?.interfaces?.[0]?.name ?? "";
  return { node, pod, ifname, addresses, hostEnd, added, run };
}

/** The conflist with more in its pod-qos entry, as a runtime or an operator would put it there. */
export function withConf(list: Conflist, more: Readonly<Record<string, unknown>>): Conflist {
  return {
    ...list,
    plugins: list.plugins.map((each) => (each.type === "pod-qos" ? { ...each, ...more } : each)),
  };
}
