/** A chain on a node with a policy directory of one object, and pods of that chain that send for as long as somebody looks. */
import { rmSync, writeFileSync } from "node:fs";
import { readConflist, runChain, type CniResult } from "../plugin/chain.ts";
import type { OpenSite, Site } from "../plugin/chain-sites.ts";
import { sendAndSee, type Packet } from "../traffic/packets.ts";
import type { Pod } from "../node/pod.ts";
import { measure, type Load } from "../traffic/traffic.ts";

export interface PolicySite extends OpenSite {
  readonly put: (kind: "EgressQoS" | "NetworkQoS", spec: object) => void;
  readonly clear: () => void;
  /** The DSCP that each packet of a fresh pod arrives with; undefined for one that did not. */
  readonly marks: (labels: Labels, packets: readonly Packet[]) => Promise<readonly (number | undefined)[]>;
  /** What each load of a fresh pod brings to `address` of the peer, all at once. Mbit/s. */
  readonly mbits: (
    labels: Labels,
    address: string,
    loads: readonly Partial<Load>[],
  ) => Promise<readonly number[]>;
}

export type Labels = Readonly<Record<string, string>>;

const policyDir = "/etc/cni/pod-qos";

export const openPolicySite = async (site: Site): Promise<PolicySite> => {
  const open = await site.open();
  const { node, peer } = open;
  await node.exec("mkdir", ["-p", policyDir]);
  const file = node.path(`${policyDir}/object.json`);
  return {
    ...open,
    put: (kind, spec) => {
      const apiVersion = kind === "EgressQoS" ? "k8s.ovn.org/v1" : "k8s.ovn.org/v1alpha1";
      const metadata = { name: "default", namespace: "default" };
      writeFileSync(file, JSON.stringify({ apiVersion, kind, metadata, spec }));
    },
    clear: () => rmSync(file, { force: true }),
    marks: (labels, packets) =>
      withPod(site, open, labels, async (pod, result) => {
        const seen = await sendAndSee(node, pod, watch(open, result), packets);
        return seen.map((tos) => (tos === undefined ? tos : tos >> 2));
      }),
    mbits: (labels, address, loads) =>
      withPod(site, open, labels, (pod) =>
        Promise.all(
          loads.map(async (load) => {
            const common = { from: pod, to: peer.ns, address, seconds: 3 };
            const tcp = load.udp === true ? {} : { congestion: "cubic" };
            return (await measure({ ...common, ...tcp, ...load })).bitsPerSecond / 1e6;
          }),
        ),
      ),
  };
};

/** A pod of the chain for as long as `body` takes. */
const withPod = async <Value>(
  site: Site,
  { node }: OpenSite,
  labels: Labels,
  body: (pod: Pod, result: CniResult) => Promise<Value>,
): Promise<Value> => {
  const pod = await node.addPod();
  const pairs = Object.entries(labels).map(([key, value]) => ({ key, value }));
  const list = readConflist(site.conflist);
  const plugins = list.plugins.map((plugin) =>
    plugin.type === "pod-qos" ? { ...plugin, policyDir, args: { cni: { labels: pairs } } } : plugin,
  );
  const chain = { ...list, plugins };
  const options = { cniArgs: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod.name}` };
  const { result } = await runChain(node, "add", chain, pod, options);
  if (result === undefined) throw new Error("a chain that succeeds has a result");
  try {
    return await body(pod, result);
  } finally {
    await runChain(node, "del", chain, pod, options);
    await pod.remove();
  }
};

/** On the node's end of the pod's link, or where the wire of the node ends. */
const watch = (
  { node, peer }: OpenSite,
  { interfaces = [] }: CniResult,
): { readonly ns: OpenSite["peer"]["ns"]; readonly device: string } => {
  const end = interfaces.find(({ name, sandbox }) => (sandbox ?? "") === "" && name.startsWith("veth"));
  return end === undefined ? { ns: peer.ns, device: "wire0" } : { ns: node, device: end.name };
};
