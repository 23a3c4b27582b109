/** Static pods: run by the kubelet from a file, known to CNI by the file's hash, and shown in the API by a mirror pod. */
import { createHash } from "node:crypto";
import { attempt } from "./attempt.ts";
import { eventually } from "./eventually.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { CONFIG, podObject, podPath, runningStatus, type PodWish } from "./objects.ts";
import { makeSandbox, type Sandbox } from "./sandbox.ts";

export type StaticPod = {
  readonly sandbox: Sandbox;
  /** What the API calls it. */
  readonly mirror: string;
  /** Ends both. */
  readonly end: () => Promise<void>;
};

/** Resolves when it runs and the API shows it. */
export const runStaticPod = async (
  { api, node, name: nodeName, conflist }: KubeletOptions,
  { name, namespace = "default", labels, annotations = {} }: PodWish,
): Promise<StaticPod> => {
  const hash = createHash("md5")
    .update(JSON.stringify([nodeName, name, labels, annotations]))
    .digest("hex");
  const all = {
    ...annotations,
    [CONFIG.hash]: hash,
    [CONFIG.seen]: new Date().toISOString(),
    [CONFIG.source]: "file",
  };
  const mirror = `${name}-${nodeName}`;
  const wish = { name: mirror, nodeName, annotations: { ...all, [CONFIG.mirror]: hash } };
  const object = podObject(labels === undefined ? wish : { ...wish, labels });
  await must(`the mirror pod ${mirror}`, () => api.create(podPath(namespace), object));
  // As a kubelet does, once the mirror is there: Multus asks the API for it.
  const sandbox = await makeSandbox(node, conflist, { namespace, name: mirror, uid: hash, annotations: all });
  const status = `${podPath(namespace, mirror)}/status`;
  await must(`the status of ${mirror}`, () => api.patch(status, runningStatus(sandbox.addresses)));
  return {
    sandbox,
    mirror,
    end: async () => {
      await sandbox.end();
      const gone = (): Promise<void> => api.remove(podPath(namespace, mirror), { gracePeriodSeconds: 0 });
      await must(`the end of ${mirror}`, gone);
    },
  };
};

const must = (what: string, request: () => Promise<unknown>): Promise<unknown> =>
  eventually(what, async () => ((await attempt(request)) === "away" ? undefined : "done"), { everyMs: 250 });
