/**
 * The API side: which resources are followed. What each says by now is told as a value (`Told`); what follows from it is
 * elsewhere. Nothing ends it but the signal.
 */
import { connect } from "../kube/connect.ts";
import type { Resource } from "../kube/resource.ts";
import type { Log } from "../log.ts";
import { clusterOf, orAgain } from "./cluster.ts";
import { followOne, type Telling } from "./following.ts";
import type { Options } from "./options.ts";
import { followObjects } from "./ownership.ts";
import type { OnDemand } from "./told.ts";

export type Api = Telling & {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly options: Pick<Options, "node" | "kubeconfig" | "objects">;
  /** SERVICE_ACCOUNT_ROOT. */
  readonly root: string | undefined;
  /** The cluster's UID, once: of another cluster than before nothing else is told. */
  readonly onCluster: (uid: string) => void;
};

/** What comes back follows one more resource, once; undefined where the signal ended it, or the cluster is another. */
export async function followApi(api: Api): Promise<((name: OnDemand) => void) | undefined> {
  const { options, root, signal, log } = api;
  const connection = await orAgain(api, "the API server", () =>
    connect({ kubeconfig: options.kubeconfig, ...(root !== undefined && { root }) }),
  );
  if (connection === undefined) return undefined;
  signal.addEventListener("abort", connection.close, { once: true });
  const uid = await orAgain(api, connection.server(), () => clusterOf(connection, signal));
  if (uid === undefined) return undefined;
  if (api.before.cluster !== undefined && api.before.cluster !== uid) {
    log(
      "error",
      `${connection.server()} is another cluster (${uid}) than the one that this node's pods were decided by (${api.before.cluster}): nothing is changed by its word; if that is meant, drain the node and remove the state directory's live/`,
    );
    return undefined;
  }
  api.onCluster(uid);
  const node = options.node ?? "";
  followOne(
    api,
    connection,
    "pods",
    { ...core, name: "pods", fieldSelector: `spec.nodeName=${node}` },
    signal,
  );
  for (const name of ["egressqoses", "networkqoses"] as const)
    void followObjects({ ...api, objects: options.objects }, connection, name);
  const followed = new Set<OnDemand>();
  return (name) => {
    if (followed.has(name)) return;
    followed.add(name);
    followOne(api, connection, name, onDemand[name], signal);
  };
}

const core = { group: "", version: "v1" } as const;
const onDemand: Readonly<Record<OnDemand, Resource>> = {
  namespaces: { ...core, name: "namespaces" },
  "network-attachment-definitions": {
    group: "k8s.cni.cncf.io",
    version: "v1",
    name: "network-attachment-definitions",
  },
};
