/** The DaemonSet of install/kubernetes on the VM's node: its one pod, and the agent in it. */
import { link, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readProject } from "../../../scripts/build/project.ts";
import { IN_VM } from "../../../scripts/lab/cluster/node/folder.ts";
import { makeImage } from "../../../scripts/image/image.ts";
import { eventually } from "../../lab/cluster/eventually.ts";
import { applyInstall } from "../../lab/cluster/installed.ts";
import { podPath, type KubePod } from "../../lab/cluster/objects.ts";
import { pluginPath } from "../../lab/node/paths.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";

/** As people do it: the image imported on the node, then `kubectl apply -k install/kubernetes`. */
export const installAgent = async (cluster: VmCluster): Promise<void> => {
  await importImage(cluster, { executable: pluginPath(), version: readProject().version });
  await applyInstall(cluster.plane);
};

export type Build = { readonly executable: string; readonly version: string };

export const importImage = async (
  { exec, folder }: VmCluster,
  { executable, version }: Build,
): Promise<void> => {
  const built = join(folder, `built-${version}`);
  await mkdir(built);
  await link(executable, join(built, "pod-qos"));
  await link(join(dirname(executable), "THIRD_PARTY_NOTICES"), join(built, "THIRD_PARTY_NOTICES"));
  const which = {
    archs: ["x64"],
    executables: built,
    out: built,
    version,
    fresh: false,
    epochSeconds: 0,
  } as const;
  await makeImage(which);
  const archive = join(IN_VM, `built-${version}/pod-qos-image.tar`);
  await exec(["ctr", "-n", "k8s.io", "images", "import", "--snapshotter", "native", archive], 600_000);
};

/** The pod once the kubelet has it as ready, which asks /readyz, and it is the only one; not `old`. */
export const readyAgent = ({ plane: { api } }: VmCluster, old?: string): Promise<string> => {
  const labels = "app.kubernetes.io%2Fname%3Dpod-qos%2Capp.kubernetes.io%2Fcomponent%3Dagent";
  const look = async (): Promise<string | undefined> => {
    const { items = [] } = await api.get<KubeObject>(`${podPath("pod-qos-system")}?labelSelector=${labels}`);
    const names = items.filter((pod) => isReady(pod as AgentPod)).map(({ metadata }) => metadata.name);
    return items.length === 1 && names[0] !== old ? names[0] : undefined;
  };
  return eventually("the agent's pod is ready", look, { withinMs: 300_000, everyMs: 200 });
};

/** Deletes the agent's pod; resolves when the one that the DaemonSet puts in its place is ready. */
export const replaceAgent = async (cluster: VmCluster): Promise<void> => {
  const old = await readyAgent(cluster);
  await cluster.plane.api.remove(podPath("pod-qos-system", old));
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
