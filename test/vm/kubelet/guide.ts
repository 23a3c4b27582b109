/** Sections 2 to 4.1 of the guide of 002 on a real node: its network, on ipvlan, its policy, its three pods. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { IN_VM } from "../../../scripts/lab/cluster/node/folder.ts";
import { eventually } from "../../lab/cluster/eventually.ts";
import { policyPath } from "../../lab/cluster/installed.ts";
import { defineNetworks, networkPath } from "../../lab/cluster/networks.ts";
import { podObject, podPath, type KubePod } from "../../lab/cluster/objects.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import { NAD, NQOS } from "../../lab/policy/guide.ts";
import { peer } from "../../lab/node/paths.ts";
import { attachedAt } from "./node.ts";

export type GuidePod = { readonly netns: string; readonly address: string };

export type GuideName = "pod0" | "pod1" | "pod2";

/** Whose value bw-limited the policy selects. */
export const GUIDE_LABEL = "nqos-app";

const LABELS: Readonly<Record<GuideName, Readonly<Record<string, string>>>> = {
  pod0: {},
  pod1: { [GUIDE_LABEL]: "bw-limited" },
  pod2: { foo: "bar", [GUIDE_LABEL]: "bw-limited" },
};

/** What the guide's network is on, and where cnitool finds its conflist: in multus' place, see attachSecond. */
export const prepareSecondNetwork = async ({ plane, exec, folder }: VmCluster): Promise<void> => {
  await defineNetworks(plane);
  mkdirSync(join(folder, NETWORKS));
  writeFileSync(join(folder, NETWORKS, "ovn-stream.conflist"), JSON.stringify(CONFIG));
  const link = "ip link add eth1 type veth peer name wire1; ip link set eth1 up; ip link set wire1 up";
  await exec(["sh", "-ec", `modprobe ipvlan; ${link}`]);
};

const NETWORKS = "networks";

const CONFIG = {
  cniVersion: "1.0.0",
  name: "ovn-stream",
  plugins: [
    {
      type: "ipvlan",
      mode: "l2",
      master: "eth1",
      mtu: 1300,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.245.0.0/16", rangeStart: "10.245.4.2" }]] },
    },
    { type: "pod-qos" },
  ],
};

/** nad.yaml but for what makes the interface, and nqos.yaml as it stands. */
export const createGuideObjects = async ({ plane: { api } }: VmCluster): Promise<void> => {
  const nad = parse(NAD) as { readonly metadata: object };
  await api.create(networkPath("default"), { ...nad, spec: { config: JSON.stringify(CONFIG) } });
  await api.create(policyPath("NetworkQoS", "default"), parse(NQOS) as object);
};

/** create_pod of the guide, three times; its image apart. */
export const createGuidePods = async (cluster: VmCluster): Promise<Readonly<Record<GuideName, GuidePod>>> => {
  const { api } = cluster.plane;
  const annotations = { "k8s.v1.cni.cncf.io/networks": "ovn-stream@eth1" };
  const create = async (name: GuideName): Promise<KubePod> => {
    const labels = { name, ...LABELS[name] };
    await api.create(podPath("default"), podObject({ name, labels, annotations }));
    return runningPod(cluster, name);
  };
  const [pod0, pod1, pod2] = await Promise.all([create("pod0"), create("pod1"), create("pod2")]);
  const attached = await attachedAt(cluster, "eth0");
  const second = (pod: KubePod): Promise<GuidePod> =>
    attachSecond(cluster, pod, attached[pod.metadata.name]?.netns ?? "");
  return { pod0: await second(pod0), pod1: await second(pod1), pod2: await second(pod2) };
};

/**
 * What multus does for the annotation, without multus: that gives the API server 2.5 s to answer, and under emulation its
 * process has then just begun to talk TLS. It calls the definition's chain, and writes the addresses onto the pod.
 */
const attachSecond = async (
  { plane: { api }, exec }: VmCluster,
  { metadata: { name, uid } }: KubePod,
  netns: string,
): Promise<GuidePod> => {
  const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name};K8S_POD_UID=${uid}`;
  const env = [
    "CNI_PATH=/opt/cni/bin",
    `NETCONFPATH=${IN_VM}/${NETWORKS}`,
    "CNI_IFNAME=eth1",
    `CNI_ARGS=${args}`,
  ];
  const cnitool = peer("cnitool") ?? "cnitool";
  const said = await exec(["env", ...env, cnitool, "add", "ovn-stream", `/run/netns/${netns}`], 120_000);
  const { ips } = JSON.parse(said) as { readonly ips: readonly { readonly address: string }[] };
  const address = ips[0]?.address.replace(/\/.*/, "") ?? "";
  const status = JSON.stringify([{ name: "default/ovn-stream", interface: "eth1", ips: [address] }]);
  await api.patch(podPath("default", name), {
    metadata: { annotations: { "k8s.v1.cni.cncf.io/network-status": status } },
  });
  return { netns, address };
};

const runningPod = ({ plane: { api } }: VmCluster, name: string): Promise<KubePod> => {
  const look = async (): Promise<KubePod | undefined> => {
    const pod = await api.get<KubePod>(podPath("default", name));
    return pod.status?.phase === "Running" ? pod : undefined;
  };
  return eventually(`${name} runs`, look, { withinMs: 300_000, everyMs: 200 });
};
