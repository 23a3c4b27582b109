/**
 * A kubelet of the lab: one node of the API whose pods are network namespaces of a lab node. It runs no containers. As a real
 * one it makes a pod's sandbox through the chain, tries again where that fails, says the pod's addresses, and when the pod is to
 * go ends the sandbox first and the API's object then.
 */
import type { Api } from "../../../scripts/lab/cluster/api.ts";
import { attempt } from "./attempt.ts";
import { eventually } from "./eventually.ts";
import { follow } from "./follow.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import {
  keyOf,
  nodeObject,
  nodeStatus,
  NODES,
  podPath,
  PODS,
  type KubePod,
  type PodWish,
} from "./objects.ts";
import { startPodWorker, type Failure } from "./pod-worker.ts";
import type { Sandbox } from "./sandbox.ts";
import { runStaticPod, type StaticPod } from "./static-pods.ts";

export type Kubelet = {
  /** A pod's sandbox, once the API knows its addresses. Throws what the chain said when that takes too long. */
  readonly running: (name: string, which?: Which) => Promise<Sandbox>;
  /** Resolves when the pod has neither a sandbox nor an object in the API. */
  readonly gone: (name: string, which?: Which) => Promise<void>;
  readonly sandboxes: () => readonly Sandbox[];
  /** What the chain said each time that it failed. */
  readonly failures: readonly Failure[];
  /** As after the end of a pod's pause container: the pod is the same, its sandbox is another. */
  readonly restartSandbox: (sandbox: Sandbox) => Promise<Sandbox>;
  readonly runStatic: (wish: PodWish) => Promise<StaticPod>;
  /** Ends watching; the pods' namespaces end with the node. */
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Default: a pod of namespace "default", for which a minute is waited. */
export type Which = { readonly namespace?: string; readonly withinMs?: number };

export const startKubelet = async (options: KubeletOptions): Promise<Kubelet> => {
  const { api, name: nodeName, binds = false } = options;
  await register(api, nodeName);
  const pods = startPodWorker(options);
  const end = new AbortController();
  const followed = [
    follow<KubePod>(api, ofNode(nodeName), { onChange: pods.changed, onGone: pods.dropped }, end.signal),
  ];
  const binder = { onChange: (pod: KubePod) => void bind(api, nodeName, pod), onGone: () => undefined };
  if (binds) followed.push(follow<KubePod>(api, ofNode(""), binder, end.signal));

  const why = (): string => pods.failures.map(({ pod, message }) => `${pod}: ${message}`).join("\n");
  const stop = async (): Promise<void> => {
    end.abort();
    await Promise.all([...followed, pods.stop()]);
  };
  return {
    running: (name, { namespace = "default", ...within } = {}) =>
      eventually(`${name} runs`, () => pods.running(keyOf({ name, namespace })), { why, ...within }),
    gone: async (name, { namespace = "default", ...within } = {}) => {
      const isGone = async (): Promise<true | undefined> =>
        pods.find(keyOf({ name, namespace })) === undefined &&
        (await api.ask("GET", podPath(namespace, name))).status === 404
          ? true
          : undefined;
      await eventually(`${name} is gone`, isGone, { why, ...within });
    },
    sandboxes: pods.sandboxes,
    failures: pods.failures,
    restartSandbox: (old) => {
      pods.restart(old.uid);
      const anew = (): Sandbox | undefined => {
        const found = pods.running(old.uid);
        return found?.containerId === old.containerId ? undefined : found;
      };
      // The API server may be away meanwhile, for a minute in the tier long.
      return eventually(`${old.name} has another sandbox`, anew, { why, withinMs: 120_000 });
    },
    runStatic: (wish) => runStaticPod(options, wish),
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

const ofNode = (node: string): string => `${PODS}?fieldSelector=spec.nodeName%3D${node}`;

/** A node of that name may be there already: a kubelet that starts again takes it over. */
const register = async (api: Api, name: string): Promise<void> => {
  await attempt(() => api.create(NODES, nodeObject(name)));
  await api.patch(`${NODES}/${name}/status`, nodeStatus());
};

/** Another kubelet may have been faster. */
const bind = (api: Api, node: string, { metadata: { namespace = "default", name } }: KubePod) =>
  attempt(() =>
    api.create(`${podPath(namespace, name)}/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name },
      target: { apiVersion: "v1", kind: "Node", name: node },
    }),
  );
