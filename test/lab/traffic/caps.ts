import type { Plug } from "../plugin/plug.ts";
import type { Namespace } from "../node/process.ts";

/** An HTB class as tc prints it. */
export interface CapClass {
  readonly device: string;
  readonly rate: string;
  readonly burst: string;
}

/**
 * Where the caps of an attachment are, whichever kernel and driver: to the pod at the node's end, or on an ifb in the
 * pod; from the pod on its own interface, or on an ifb on the node.
 */
export const capsOf = async (
  pod: Pick<Plug, "node" | "nodeDevice" | "pod" | "ifname"> & {
    /** Of this attachment on the node, where other pods have theirs. */
    readonly ifb?: string;
  },
): Promise<{ readonly ingress: CapClass | undefined; readonly egress: CapClass | undefined }> => {
  const [onNode, inPod] = await Promise.all([classes(pod.node), classes(pod.pod)]);
  const isIfb = ({ device }: CapClass): boolean => device.startsWith("pq");
  const isOwnIfb = ({ device }: CapClass): boolean => device.startsWith(pod.ifb ?? "pq");
  return {
    ingress: onNode.find(({ device }) => device === pod.nodeDevice) ?? inPod.find(isIfb),
    egress: inPod.find(({ device }) => device === pod.ifname) ?? onNode.find(isOwnIfb),
  };
};

const classes = async (ns: Namespace): Promise<readonly CapClass[]> => {
  const { stdout } = await ns.exec("sh", ["-c", LIST]);
  return stdout.split("\n").flatMap((line) => {
    const [, device, rate, burst] = /^(\S+) class htb .* rate (\S+) .* burst ([^/ ]+)/.exec(line) ?? [];
    return device === undefined || rate === undefined || burst === undefined ? [] : [{ device, rate, burst }];
  });
};

const LIST = `for d in $(ls /sys/class/net); do tc -d class show dev "$d" | sed "s/^/$d /"; done`;
