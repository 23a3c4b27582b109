import { succeededSilently } from "./answers.ts";
import { dump } from "../node/dump.ts";
import type { LabNode } from "../node/node.ts";
import { callPlugin, type CniVerb, type PluginCall, type PluginResult } from "./plugin.ts";
import type { Pod } from "../node/pod.ts";

/** One attachment of a pod, as the primary plugin leaves it and the runtime calls us for it. No addresses: nothing is sent. */
export interface Plug {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly ifname: string;
  /** The node's end of a veth; the parent of a macvlan or ipvlan. */
  readonly nodeDevice: string;
  readonly prevResult: object;
  /** What goes to stdin, prevResult included. */
  readonly conf: Readonly<Record<string, unknown>>;
  /** `conf` is laid over the plug's own; a member that is undefined is left out. */
  readonly call: (verb: CniVerb, changes?: Changes) => Promise<PluginResult>;
  /** What the primary plugin's DEL does. */
  readonly unplug: () => Promise<void>;
}

export interface Changes extends Omit<PluginCall, "conf" | "command"> {
  readonly conf?: Readonly<Record<string, unknown>> | string;
}

export type LinkKind = "veth" | "macvlan" | "ipvlan";

export interface PlugOptions {
  readonly kind?: LinkKind;
  readonly ifname?: string;
  /** A second attachment of the same pod. */
  readonly pod?: Pod;
  readonly conf?: Readonly<Record<string, unknown>>;
}

export const defaultConf = {
  cniVersion: "1.1.0",
  name: "lab",
  type: "pod-qos",
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
} as const;

export const plug = async (node: LabNode, options: PlugOptions = {}): Promise<Plug> => {
  const { kind = "veth", ifname = "eth0", pod = await node.addPod() } = options;
  const nodeDevice = `${kind}${pod.name}${ifname}`.slice(-15);
  await node.exec("sh", ["-ec", SETUP[kind], "sh", nodeDevice, ifname, pod.name]);
  const ends = kind === "veth" ? [{ name: nodeDevice }] : [];
  const prevResult = {
    cniVersion: options.conf?.["cniVersion"] ?? defaultConf.cniVersion,
    interfaces: [...ends, { name: ifname, sandbox: pod.netns }],
    ips: [],
  };
  const base = { ...defaultConf, ...options.conf, prevResult };
  return {
    node,
    pod,
    ifname,
    nodeDevice,
    prevResult,
    conf: base,
    call: (verb, { conf = {}, ...call } = {}) =>
      callPlugin(node, {
        command: verb,
        conf: typeof conf === "string" ? conf : { ...base, ...conf },
        containerId: pod.containerId,
        netns: pod.netns,
        ifname,
        ...call,
      }),
    unplug: async () => {
      await node.exec("ip", ["link", "del", nodeDevice], { reject: false });
    },
  };
};

/** DEL, then what the primary plugin and the runtime do. */
export const ended = async (pod: Plug): Promise<void> => {
  succeededSilently(await pod.call("DEL"));
  await pod.unplug();
  await pod.pod.remove();
};

/** Both sides without what differs between two objects of the same shape: an ifb gets a random address. */
export const looks = async ({ node, pod }: Plug): Promise<readonly string[]> =>
  [await node.dump(), await dump(pod)].map((text) =>
    text.replaceAll(/"address":"[^"]+"(?=,"kind":"ifb")/g, ""),
  );

/** $1 device of the node, $2 interface of the pod, $3 pod. */
const child = (words: string): string => `
ip link add "$1" type veth peer name "p$$"
ip link set "$1" up
ip link add "c$$" link "$1" type ${words}
ip link set "c$$" netns "$3"
ip -n "$3" link set "c$$" name "$2" up
`;

const SETUP: Readonly<Record<LinkKind, string>> = {
  veth: `
ip link add "$1" type veth peer name "$2" netns "$3"
ip link set "$1" up
ip -n "$3" link set "$2" up
`,
  macvlan: child("macvlan mode bridge"),
  ipvlan: child("ipvlan mode l2"),
};
