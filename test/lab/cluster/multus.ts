/** Multus, as its thin plugin with the primary inside its conf, and what it reads from the API of further networks. */
import type { Conflist, PluginConf } from "../plugin/conflist.ts";

/** What a runtime reads: the primary's conflist stands inside, and in no file of its own. */
export const multusConf = (
  kubeconfig: string,
  primary: Conflist,
): PluginConf & { readonly name: string } => ({
  cniVersion: "1.0.0",
  name: "multus-cni-network",
  type: "multus",
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
  kubeconfig,
  delegates: [primary],
});

/** The same for who runs conflists alone. */
export const multusConflist = (conf: ReturnType<typeof multusConf>): Conflist => ({
  cniVersion: "1.0.0",
  name: conf.name,
  plugins: [conf],
});

export const networkObject = (name: string, conf: Conflist): object => ({
  apiVersion: "k8s.cni.cncf.io/v1",
  kind: "NetworkAttachmentDefinition",
  metadata: { name },
  spec: { config: JSON.stringify(conf) },
});

/** Which further networks a pod asks for. */
export const NETWORKS_WISH = "k8s.v1.cni.cncf.io/networks";
