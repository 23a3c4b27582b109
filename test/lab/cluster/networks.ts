/** NetworkAttachmentDefinitions, and multus, which makes pods' further interfaces by them. */
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { eventually } from "./eventually.ts";

/** Of a namespace, or one of them. */
export const networkPath = (namespace: string, name?: string): string =>
  `/apis/${GROUP}/v1/namespaces/${namespace}/${PLURAL}${name === undefined ? "" : `/${name}`}`;

/** The definition that multus brings; resolves when its objects are served. */
export const defineNetworks = async ({ api }: ControlPlane): Promise<void> => {
  await api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION);
  const answers = async () => (await api.ask("GET", networkPath("default"))).status === 200 || undefined;
  await eventually("NetworkAttachmentDefinitions are served", answers);
};

const GROUP = "k8s.cni.cncf.io";
const PLURAL = "network-attachment-definitions";

const DEFINITION = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${PLURAL}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { kind: "NetworkAttachmentDefinition", plural: PLURAL, singular: "network-attachment-definition" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { spec: { type: "object", properties: { config: { type: "string" } } } },
          },
        },
      },
    ],
  },
};

/** Paths as the node has them. */
export type Multus = { readonly kubeconfig: string; readonly defaultConf: string };

/** A conf for multus alone, as its own installer writes it. */
export const multusConf = ({ kubeconfig, defaultConf }: Multus): object => ({
  cniVersion: "1.0.0",
  name: "multus-cni-network",
  type: "multus",
  capabilities: { bandwidth: true },
  kubeconfig,
  clusterNetwork: defaultConf,
});

/** What multus wrote onto the pod of that interface: its addresses; undefined before it has. */
export const addressesOn = (
  annotations: Readonly<Record<string, string>> | undefined,
  ifname: string,
): readonly string[] | undefined => {
  const status = annotations?.["k8s.v1.cni.cncf.io/network-status"];
  if (status === undefined) return undefined;
  const networks = JSON.parse(status) as readonly { interface: string; ips?: readonly string[] }[];
  return networks.find((network) => network.interface === ifname)?.ips;
};
