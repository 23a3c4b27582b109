/** The DaemonSet of install/kubernetes on the VM's node: its one pod, and the agent in it. */
import { join } from "node:path";
import { eventually } from "../../lab/cluster/eventually.ts";
import { applyInstall, withImage } from "../../lab/cluster/installed.ts";
import { podPath, type KubePod } from "../../lab/cluster/objects.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";

/** The VM has one image, which has no nsenter; the node's busybox has, and the DaemonSet mounts the node's root at /node. */
export const installAgent = ({ plane }: VmCluster): Promise<void> => {
  const command = ["/node/bin/busybox", "nsenter", "-t", "1", "-m", "--", "/opt/cni/bin/pod-qos", "agent"];
  const image = { name: "localhost/pause", tag: "1", command };
  return applyInstall(plane, withImage(join(plane.folder, "install"), image));
};

/** The pod once the kubelet has it as ready, which asks /readyz, and it is the only one; not `old`. */
export const readyAgent = ({ plane: { api } }: VmCluster, old?: string): Promise<string> => {
  const labels = "app.kubernetes.io%2Fname%3Dpod-qos%2Capp.kubernetes.io%2Fcomponent%3Dagent";
  const look = async (): Promise<string | undefined> => {
    const { items = [] } = await api.get<KubeObject>(`${podPath("kube-system")}?labelSelector=${labels}`);
    const names = items.filter((pod) => isReady(pod as AgentPod)).map(({ metadata }) => metadata.name);
    return items.length === 1 && names[0] !== old ? names[0] : undefined;
  };
  return eventually("the agent's pod is ready", look, { withinMs: 300_000, everyMs: 200 });
};

/** Deletes the agent's pod; resolves when the one that the DaemonSet puts in its place is ready. */
export const replaceAgent = async (cluster: VmCluster): Promise<void> => {
  const old = await readyAgent(cluster);
  await cluster.plane.api.remove(podPath("kube-system", old));
  await readyAgent(cluster, old);
};

type AgentPod = KubePod & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

const isReady = ({ status }: AgentPod): boolean =>
  status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") === true;

/** What /readyz says, as the node's own programs hear it. */
export const readyz = async ({ call }: VmCluster): Promise<string> => {
  const { stdout, stderr } = await call([
    "/bin/busybox",
    "wget",
    "-q",
    "-O",
    "-",
    "http://127.0.0.1:9465/readyz",
  ]);
  return `${stdout}${stderr}`.trim();
};
