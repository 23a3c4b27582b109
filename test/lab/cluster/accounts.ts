import type { Api, KubeObject } from "../../../scripts/lab/cluster/api.ts";
import { NAMESPACES } from "./objects.ts";

export type PolicyRule = {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
};

/** A service account that may do this in the whole cluster. */
export const createAccount = async (
  api: Api,
  name: string,
  rules: readonly PolicyRule[],
  namespace = "default",
): Promise<void> => {
  await api.create(`${NAMESPACES}/${namespace}/serviceaccounts`, { metadata: { name } });
  await api.create(`${RBAC}/clusterroles`, { metadata: { name }, rules });
  await api.create(`${RBAC}/clusterrolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
};

const RBAC = "/apis/rbac.authorization.k8s.io/v1";

/** A bearer token of the account's. The API server grants ten minutes at least. */
export const tokenOf = async (
  api: Api,
  name: string,
  {
    namespace = "default",
    seconds = 3600,
    boundObjectRef,
  }: { readonly namespace?: string; readonly seconds?: number; readonly boundObjectRef?: object } = {},
): Promise<string> => {
  const path = `${NAMESPACES}/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await api.create<TokenRequest>(path, {
    spec: { expirationSeconds: seconds, ...(boundObjectRef && { boundObjectRef }) },
  });
  return status.token;
};

type TokenRequest = KubeObject & { readonly status: { readonly token: string } };
