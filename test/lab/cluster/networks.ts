/** NetworkAttachmentDefinitions in a control plane. */
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { attempt } from "./attempt.ts";
import { eventually } from "./eventually.ts";

/** Of a namespace, or one of them. */
export const networkPath = (namespace: string, name?: string): string =>
  `/apis/${GROUP}/v1/namespaces/${namespace}/${PLURAL}${name === undefined ? "" : `/${name}`}`;

/** The definition that multus brings, unless it is there already; resolves when its objects are served. */
export const defineNetworks = async ({ api }: ControlPlane): Promise<void> => {
  await attempt(() => api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION));
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
