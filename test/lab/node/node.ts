import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { execa } from "execa";
import { dump } from "./dump.ts";
import { createPod, type Pod } from "./pod.ts";
import { MARKER, namespace, type Namespace } from "./process.ts";
import { killMarked, ownerMarker, sweepOnce } from "./sweep.ts";

/**
 * A "node" of the lab: a network and a mount namespace held by one process. It has a /run, /etc/cni, /opt/cni,
 * /var/lib/cni and /var/log of its own, and a /sys that shows its own links. The files of the machine are
 * readable at their usual places; /tmp is shared. Everything in it, pods included, dies with the holder, and
 * the holder dies with us: also after SIGKILL, when the pipe it waits on closes.
 */
export interface LabNode extends Namespace {
  /** A fresh pod, with `lo` up and nothing else, whose netns path is valid on this node. */
  readonly addPod: (name?: string) => Promise<Pod>;
  /** Everything the kernel and the plugin hold here as sorted text, to compare before and after. */
  readonly dump: () => Promise<string>;
  /** Where the test itself finds a file of this node: `readFile(node.path("/run/pod-qos/x"))`. */
  readonly path: (absolute: string) => string;
  /** The holder: /proc/<pid>/ns/net is this node's network namespace. */
  readonly holderPid: number;
  /** What to put before a command to run it on this node. */
  readonly prefix: readonly string[];
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/** Use it as `await using node = await createNode()`, or dispose of it in afterEach. */
export const createNode = async (): Promise<LabNode> => {
  sweepOnce();
  const marker = `${ownerMarker()}.${randomBytes(4).toString("hex")}`;
  const holder = hold(marker);
  await ready(holder);
  const holderPid = holder.pid ?? -1;
  const prefix = ["nsenter", "--target", String(holderPid), "--net", "--mount", "--"];
  const inside = namespace(`node-${marker}`, prefix, marker);
  let pods = 0;
  return {
    ...inside,
    holderPid,
    prefix,
    path: (absolute) => `/proc/${holderPid}/root${absolute}`,
    addPod: (name) => createPod(inside, prefix, marker, name ?? `pod${(pods += 1)}`),
    dump: () => dump(inside),
    [Symbol.asyncDispose]: async () => {
      holder.kill("SIGKILL");
      await holder;
      await killMarked((found) => found === marker);
    },
  };
};

/** Overlays give /etc/cni and the like a mount point without making one on the machine. */
const SETUP = `
mount -t tmpfs lab /run
mkdir -p /run/netns /run/lock /run/flannel /run/pod-qos
mount -t sysfs sysfs /sys
for dir in /etc /opt /var/lib /var/log; do
  mkdir -p "/run/.lab$dir/upper" "/run/.lab$dir/work"
  mount -t overlay lab -o "lowerdir=$dir,upperdir=/run/.lab$dir/upper,workdir=/run/.lab$dir/work" "$dir"
done
for dir in /etc/cni /opt/cni /var/lib/cni; do
  mkdir -p "$dir"
  mount -t tmpfs lab "$dir"
done
mkdir -p /etc/cni/net.d /opt/cni/bin
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
echo ready
exec cat
`;

type Holder = ReturnType<typeof hold>;

const hold = (marker: string) =>
  execa("unshare", ["--net", "--mount", "--propagation", "private", "sh", "-ec", SETUP], {
    env: { [MARKER]: marker },
    reject: false,
    buffer: false,
    stdin: "pipe",
  });

/** The holder says one word, when all mounts are in place. */
const ready = async (holder: Holder): Promise<void> => {
  let complaint = "";
  holder.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const said = await Promise.race([once(holder.stdout, "data"), holder]);
  if (!Array.isArray(said)) {
    throw new Error(`a lab node needs root and the kernel's overlay file system: ${complaint}`);
  }
};
