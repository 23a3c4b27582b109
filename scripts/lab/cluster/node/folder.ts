/** The folder that a node in the VM shares with this machine: /vm-out there. What the node is told, and what it says. */
import { join } from "node:path";

/** Where the folder is in the VM. */
export const IN_VM = "/vm-out";

/** What the guest is told, in NODE_FILE. */
export type NodePlan = {
  readonly name: string;
  /** The kubelet, and pod-qos: paths of this machine, whose files the VM sees. Without the second the node has no pod-qos. */
  readonly kubelet: string;
  readonly executable?: string | undefined;
  /** What is put into /etc/cni/net.d. */
  readonly conflist: object;
  readonly apiPort: number;
  readonly kubeletPort: number;
};

export const NODE_FILE = "node.json";
export const KUBECONFIG_FILE = "kubelet.kubeconfig";
export const KUBELET_CONFIG_FILE = "kubelet.json";
/** A line for each step of the node's start. */
export const PROGRESS_FILE = "progress";
/** What QEMU and the guest said. */
export const LOG_FILE = "vm.log";
export const CONTAINERD_LOG = "containerd.log";
export const KUBELET_LOG = "kubelet.log";
/** Calls for commands and their answers. */
export const CALLS = "calls";

/** Where the API server reaches the kubelet: it asks there for a way to the node's own address. */
export const egressSocket = (folder: string): string => join(folder, "egress.sock");
