import { succeeded, succeededSilently } from "../plugin/answers.ts";
import type { LabNode } from "./node.ts";
import { plug } from "../plugin/plug.ts";
import type { PluginResult } from "../plugin/plugin.ts";
import type { Pod } from "./pod.ts";

/** A pod on a child of a link, which the plugin was called for, and another machine at the far end of that link. */
export interface ChildPod {
  readonly pod: Pod;
  readonly far: Pod;
  readonly call: (verb: "ADD" | "CHECK" | "DEL") => Promise<PluginResult>;
  /** Of the far end, the parent, and a macvlan on it: an ipvlan follows its parent by itself. */
  readonly setMtu: (mtu: number) => Promise<void>;
  /** Of the pod's link. */
  readonly mtu: () => Promise<number>;
  /** DEL, and the end of the parent and of both machines. */
  readonly end: () => Promise<void>;
}

/** Of each pod. */
export const POD_ADDRESS = "192.0.2.8";
/** Of its machine at the far end. */
export const FAR_ADDRESS = "192.0.2.7";

export const childPodWith = async (
  node: LabNode,
  kind: "macvlan" | "ipvlan",
  annotations: Readonly<Record<string, string>>,
): Promise<ChildPod> => {
  const far = await node.addPod();
  const child = await plug(node, {
    kind,
    conf: { runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } },
  });
  await node.exec("sh", ["-ec", FAR_END, "sh", child.nodeDevice, far.name]);
  await child.pod.exec("ip", ["address", "add", `${POD_ADDRESS}/24`, "dev", child.ifname]);
  succeeded(await child.call("ADD"));
  return {
    pod: child.pod,
    far,
    call: child.call,
    setMtu: async (mtu) => {
      await far.exec("ip", ["link", "set", "wire0", "mtu", `${mtu}`]);
      await node.exec("ip", ["link", "set", child.nodeDevice, "mtu", `${mtu}`]);
      if (kind === "macvlan") await child.pod.exec("ip", ["link", "set", child.ifname, "mtu", `${mtu}`]);
    },
    mtu: async () => Number((await child.pod.exec("cat", [`/sys/class/net/${child.ifname}/mtu`])).stdout),
    end: async () => {
      succeededSilently(await child.call("DEL"));
      await child.unplug();
      await Promise.all([child.pod.remove(), far.remove()]);
    },
  };
};

/** The other end of the parent, $1, becomes another machine's, $2. */
const FAR_END = `
index=$(cat "/sys/class/net/$1/iflink")
for link in /sys/class/net/*; do
  [ "$(cat "$link/ifindex")" = "$index" ] || continue
  ip link set "\${link##*/}" netns "$2" name wire0
done
ip -n "$2" address add ${FAR_ADDRESS}/24 dev wire0
ip -n "$2" link set wire0 up
`;
