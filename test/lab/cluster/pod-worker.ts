/** Makes it so for each pod of a node: a sandbox for one that should run, none for one that should go. */
import { LabError } from "../node/process.ts";
import { attempt } from "./attempt.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { CONFIG, keyOf, podPath, runningStatus, type KubePod } from "./objects.ts";
import { makeSandbox, type Sandbox, type SandboxWish } from "./sandbox.ts";
import { takeTurns } from "./turns.ts";

export type Failure = { readonly pod: string; readonly message: string };

export type PodWorker = {
  /** The API's word on a pod. */
  readonly changed: (pod: KubePod) => void;
  /** The API has it no more. */
  readonly dropped: (pod: KubePod) => void;
  /** A new sandbox for the pod of this UID. */
  readonly restart: (uid: string) => void;
  readonly sandboxes: () => readonly Sandbox[];
  /** By UID, or by namespace and name. */
  readonly find: (key: string) => Sandbox | undefined;
  /** The same, once the API knows its addresses. */
  readonly running: (key: string) => Sandbox | undefined;
  readonly failures: readonly Failure[];
  readonly stop: () => Promise<void>;
};

/** More at once would only make each one slower, on a machine of two cores. */
const AT_ONCE = 3;

export const startPodWorker = (options: KubeletOptions): PodWorker => {
  const { api, node, conflist, retryMs = 1000 } = options;
  const wanted = new Map<string, KubePod>();
  /** Each twice: by UID, and by namespace and name. */
  const held = new Map<string, Sandbox>();
  const told = new Set<string>();
  const restarting = new Set<string>();
  const failures: Failure[] = [];

  const turns = takeTurns(AT_ONCE, async (uid) => {
    const pod = wanted.get(uid);
    try {
      const done = pod === undefined || isLeaving(pod) ? await leave(uid, pod) : await run(uid, pod);
      if (done === "away") turns.askLater(uid, retryMs);
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      failures.push({ pod: keyOf(pod?.metadata ?? { name: uid }), message: error.message });
      turns.askLater(uid, retryMs);
    }
  });

  const run = async (uid: string, pod: KubePod): Promise<"done" | "gone" | "away"> => {
    if (restarting.delete(uid)) await endSandbox(uid);
    const sandbox = held.get(uid) ?? (await makeSandbox(node, conflist, wishOf(pod)));
    for (const key of [uid, keyOf(sandbox)]) held.set(key, sandbox);
    if (told.has(uid)) return "done";
    const said = await attempt(() => api.patch(`${pathOf(pod)}/status`, runningStatus(sandbox.addresses)));
    if (said === "done") told.add(uid);
    return said;
  };

  const leave = async (uid: string, pod: KubePod | undefined): Promise<"done" | "gone" | "away"> => {
    await endSandbox(uid);
    if (pod === undefined) return "gone";
    return attempt(() => api.remove(pathOf(pod), { gracePeriodSeconds: 0, preconditions: { uid } }));
  };

  const endSandbox = async (uid: string): Promise<void> => {
    told.delete(uid);
    const sandbox = held.get(uid);
    if (sandbox === undefined) return;
    try {
      await sandbox.end();
    } finally {
      // Another pod of the same name may be there already.
      for (const key of [uid, keyOf(sandbox)]) if (held.get(key) === sandbox) held.delete(key);
    }
  };

  return {
    changed: (pod) => {
      // The API's picture of a static pod, which is not run by it.
      if (pod.metadata.annotations?.[CONFIG.mirror] !== undefined) return;
      wanted.set(pod.metadata.uid, pod);
      turns.ask(pod.metadata.uid);
    },
    dropped: ({ metadata: { uid } }) => {
      wanted.delete(uid);
      turns.ask(uid);
    },
    restart: (uid) => {
      restarting.add(uid);
      turns.ask(uid);
    },
    sandboxes: () => [...new Set(held.values())],
    find: (key) => held.get(key),
    running: (key) => {
      const sandbox = held.get(key);
      return sandbox !== undefined && told.has(sandbox.uid) ? sandbox : undefined;
    },
    failures,
    stop: turns.stop,
  };
};

const isLeaving = ({ metadata }: KubePod): boolean => metadata.deletionTimestamp !== undefined;

const pathOf = ({ metadata: { namespace = "default", name } }: KubePod): string => podPath(namespace, name);

/** A kubelet adds to the annotations where the pod is from. */
const wishOf = ({ metadata: { namespace = "default", name, uid, annotations } }: KubePod): SandboxWish => ({
  namespace,
  name,
  uid,
  annotations: { ...annotations, [CONFIG.seen]: new Date().toISOString(), [CONFIG.source]: "api" },
});
