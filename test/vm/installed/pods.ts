/** Pods of the API on the VM's node, what limits they have in the kernel, and what is said of those that do not start. */
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";
import { eventually } from "../../lab/cluster/eventually.ts";
import { podObject, podPath, type KubePod } from "../../lab/cluster/objects.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";

export const createPod = async (
  { plane: { api } }: VmCluster,
  name: string,
  mbit?: number,
): Promise<void> => {
  const annotations = mbit === undefined ? {} : { "kubernetes.io/egress-bandwidth": `${mbit}M` };
  await api.create(podPath("default"), podObject({ name, annotations }));
};

const limits = { withinMs: 900_000, everyMs: 300 } as const;

/** Resolves when all of them run. */
export const running = async (cluster: VmCluster, names: readonly string[]): Promise<void> => {
  const look = async (): Promise<true | undefined> => {
    const { items = [] } = await cluster.plane.api.get<KubeObject>(podPath("default"));
    const run = new Set(
      (items as readonly KubePod[])
        .filter(({ status }) => status?.phase === "Running")
        .map(({ metadata }) => metadata.name),
    );
    return names.every((name) => run.has(name)) ? true : undefined;
  };
  await eventually(`${names.join(", ")} run`, look, limits);
};

/** Resolves when they are gone. */
export const deletePods = async (cluster: VmCluster, names: readonly string[]): Promise<void> => {
  const { api } = cluster.plane;
  await Promise.all(names.map((name) => api.remove(podPath("default", name))));
  const look = async (): Promise<true | undefined> => {
    const { items = [] } = await api.get<KubeObject>(podPath("default"));
    return items.some(({ metadata }) => names.includes(metadata.name)) ? undefined : true;
  };
  await eventually(`${names.join(", ")} are gone`, look, limits);
};

/** Rates of the classes on the node and inside its pods, in Mbit/s, as they stand. */
export const ratesOnNode = async ({ exec }: VmCluster): Promise<readonly number[]> => {
  const text = await exec(["sh", "-c", CLASSES], 600_000);
  return [...text.matchAll(/class htb \S+ (?:root|parent \S+) .*?rate (\d+)Mbit/g)]
    .map(([, rate]) => Number(rate))
    .toSorted((a, b) => a - b);
};

const CLASSES = `
for link in $(ls /sys/class/net); do tc class show dev $link; done
for n in $(ls /run/netns); do ip netns exec $n tc class show dev eth0; done 2>/dev/null
true`;

/** Of pods that could not be started, or whose network failed. */
export const failuresOf = async ({ plane: { api } }: VmCluster): Promise<readonly string[]> => {
  const { items = [] } = await api.get<KubeObject>("/api/v1/namespaces/default/events");
  return (items as readonly Event[])
    .filter(({ reason = "" }) => /^Failed(?!Scheduling)|NetworkNotReady/.test(reason))
    .map(({ reason, message }) => `${reason}: ${message}`);
};

type Event = KubeObject & { readonly reason?: string };

/** What the kernel tells of each change on the node and in the pods that it has now: what was taken away meanwhile. */
export const watchLosses = async ({ exec }: VmCluster): Promise<() => Promise<string>> => {
  const start = `
tc monitor >/tmp/losses-node 2>&1 &
for n in $(ls /run/netns); do ip netns exec $n tc monitor >/tmp/losses-$n 2>&1 & done`;
  await exec(["sh", "-c", start]);
  return () => exec(["sh", "-c", "grep -h '^deleted' /tmp/losses-* | grep -v noqueue; true"]);
};
