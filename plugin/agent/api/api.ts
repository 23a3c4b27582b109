/**
 * The API side: which resources are followed, for as long as the server speaks for the cluster that this node's pods were decided
 * by. Each change of a resource is handed on as a value (`ResourceUpdate`). What follows from it is decided elsewhere. Nothing ends it but the signal.
 */
import { orAgain } from "../../kube/again.ts";
import { connect, type Connection } from "../../kube/connect.ts";
import { pause } from "../../kube/pause.ts";
import type { Resource } from "../../kube/resource.ts";
import type { Timing } from "../../kube/timing.ts";
import type { Log } from "../../log.ts";
import { clusterOf } from "./cluster.ts";
import { createDoubt, untilSettled, type Doubt } from "./doubt.ts";
import { podFollower, type FollowPods } from "./following-pods.ts";
import { followOne, type Handlers } from "./following.ts";
import type { Options } from "../options.ts";
import { askingForLosses } from "./leaving.ts";
import { followObjects } from "./ownership.ts";
import { writeQosNode, type WriteStatus } from "./qos-node.ts";
import type { OnDemandResource } from "./resource-update.ts";

export type Api = Handlers & {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly options: Pick<Options, "node" | "kubeconfig" | "objects">;
  /** SERVICE_ACCOUNT_ROOT. */
  readonly root: string | undefined;
  /** The server speaks for our cluster, or for the first that we see. */
  readonly onCluster: (uid: string, side: ClusterSide) => void;
  /** It speaks for another, and why that is bad: until it does no more nothing is followed. */
  readonly onOther: (why: string) => void;
  /** Whether a pod of this namespace is on the node. */
  readonly runsPods: (namespace: string) => boolean;
  readonly timing?: Timing;
  /** A server of another cluster is asked again after so long. */
  readonly otherAgainMs?: number;
};

/** What a server of our cluster is asked for. */
export type ClusterSide = {
  /** Follows one more resource, once. */
  readonly follow: (name: OnDemandResource) => void;
  readonly followPods: FollowPods;
  /** Writes the report of this node. */
  readonly write: WriteStatus;
  readonly writeEvent: Connection["write"];
};

/** While its watches go on, a server is asked rarely who it is. */
const sameAgainMs = 600_000;

export async function followApi(api: Api): Promise<void> {
  const { options, root, timing, signal, snapshot, otherAgainMs = 60_000 } = api;
  const place = { kubeconfig: options.kubeconfig, ...(root !== undefined && { root }) };
  const connection = await orAgain(api, "the API server", () =>
    connect({ ...place, ...(timing !== undefined && { timing }) }),
  );
  if (connection === undefined) return;
  signal.addEventListener("abort", connection.close, { once: true });
  let following: { readonly end: AbortController; readonly doubt: Doubt } | undefined;
  for (;;) {
    const reasons = following?.doubt.count() ?? 0;
    const whose = (): Promise<string> => clusterOf(connection, signal);
    // What is followed waits for this answer.
    const uid = await orAgain(api, connection.server(), whose, connection);
    if (uid === undefined) return;
    const { cluster: own = uid } = snapshot();
    if (own !== uid) {
      following?.end.abort();
      following = undefined;
      api.onOther(otherCluster(connection.server(), uid, own));
      await pause(otherAgainMs, signal);
      continue;
    }
    following ??= followCluster(api, connection, uid);
    following.doubt.settle(reasons);
    if (!following.doubt.isOpen()) await pause(sameAgainMs, signal, following.doubt.whenRaised);
  }
}

function followCluster(api: Api, connection: Connection, uid: string) {
  const end = new AbortController();
  const following = { ...api, signal: AbortSignal.any([api.signal, end.signal]) };
  const doubt = createDoubt({ ...api, onUpdate: askingForLosses(following, connection) });
  const { onUpdate, onNotice, whenSettled } = doubt;
  const told = { onNotice: onNotice.bind(undefined, "destinations"), whenSettled, signal: following.signal };
  api.onCluster(uid, {
    follow: followAll({ ...following, onUpdate, onNotice }, connection),
    followPods: podFollower(told, connection),
    write: async (status) => {
      await untilSettled(doubt, "report", following.signal);
      return writeQosNode(connection, api.options.node ?? "", status, following.signal);
    },
    writeEvent: async (write) => {
      await untilSettled(doubt, "event", following.signal);
      return connection.write(write);
    },
  });
  return { end, doubt };
}

function otherCluster(server: string, uid: string, own: string): string {
  return `${server} is another cluster (${uid}), not that of this node's pods (${own}): nothing is changed; if that is intended, drain the node and remove live/ in the state directory`;
}

type All = Handlers & Pick<Api, "options" | "log" | "signal">;

function followAll(all: All, connection: Connection): (name: OnDemandResource) => void {
  const { options, signal } = all;
  const ofNode = { fieldSelector: `spec.nodeName=${options.node ?? ""}` };
  followOne(all, connection, "pods", { ...core, name: "pods", ...ofNode }, signal);
  followOne(all, connection, "namespaces", { ...core, name: "namespaces", isMetadataOnly: true }, signal);
  for (const name of ["egressqoses", "networkqoses"] as const)
    void followObjects({ ...all, objects: options.objects }, connection, name);
  const followed = new Set<OnDemandResource>();
  return (name) => {
    if (followed.has(name)) return;
    followed.add(name);
    followOne(all, connection, name, onDemand[name], signal);
  };
}

const core = { group: "", version: "v1" } as const;
const onDemand: Readonly<Record<OnDemandResource, Resource>> = {
  "network-attachment-definitions": {
    group: "k8s.cni.cncf.io",
    version: "v1",
    name: "network-attachment-definitions",
  },
};
