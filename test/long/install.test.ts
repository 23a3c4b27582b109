/**
 * The whole way of a cluster with pod-qos, on a real kubelet: put on while pods run, the primary's conf changed under it, another
 * version and back while pods start, and off again. All that time a watcher looks each 20 ms at what the runtime would find.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readProject } from "../../scripts/build/project.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { INSTALL, kubectl } from "../lab/cluster/installed.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { createVmCluster, type VmCluster } from "../lab/cluster/vm-cluster.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";
import { buildNewer, NEWER_KEY, type Newer } from "../lab/plugin/newer.ts";
import { confDirOf, holdingsOf } from "../vm/installed/holdings.ts";
import {
  createPod,
  deletePods,
  failuresOf,
  ratesOnNode,
  running,
  watchLosses,
} from "../vm/installed/pods.ts";
import { faultsIn } from "../vm/installed/seen.ts";
import { layerOf } from "../vm/installed/versions.ts";
import { healed, startWatching, type Watching } from "../vm/installed/watching.ts";
import { importImage, readyAgent } from "../vm/kubelet/agent-pod.ts";
import { slownessOf } from "../vm/kubelet/node.ts";

const needs = {
  plugin: true,
  kubernetes: ["kube-apiserver", "etcd", "kubectl", "kubelet", "kube-scheduler", "kube-controller-manager"],
  tools: ["openssl", "socat", "apt-get", "dpkg-deb"],
} as const;

const within = { withinMs: 900_000, everyMs: 300 } as const;

const withoutUs = { ...podNetwork(), plugins: podNetwork().plugins.slice(0, 1) };
/** As the node has it at first, and as its primary writes it anew. */
const [primary, otherPrimary] = [withoutUs, { ...withoutUs, disableCheck: true }].map((conflist) =>
  JSON.stringify({ ...conflist, cniVersion: "1.0.0" }),
) as [string, string];
const entry = {
  type: "pod-qos",
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
  [NEWER_KEY]: true,
};

suite("put on, upgraded, put back and taken off on a real kubelet", needs, () => {
  let cluster: VmCluster;
  let newer: Newer;
  let watching: Watching;
  let before: { readonly confDir: string; readonly holdings: string };
  /** sha256 of the two executables: this one's file may be built anew meanwhile. */
  let ours: string;
  let newers: string;
  /** How many times as long as on an idle machine things take on the node: the largest that was measured. */
  let slowness = 0;
  beforeAll(async () => {
    newer = await buildNewer();
    cluster = await createVmCluster({ conflist: withoutUs, plugin: "none" });
    await importImage(cluster, { executable: pluginPath(), version: readProject().version });
    await importImage(cluster, newer);
    await createPod(cluster, "early", 20);
    await createPod(cluster, "plain");
    await running(cluster, ["early", "plain"]);
    before = { confDir: await confDirOf(cluster), holdings: await holdingsOf(cluster) };
    [ours, newers] = [pluginPath(), newer.executable].map(sumOf) as [string, string];
    slowness = await slownessNow();
    watching = await startWatching(cluster);
  }, 1_800_000);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await newer?.[Symbol.asyncDispose]();
  });

  const slownessNow = async (): Promise<number> =>
    Math.max(slowness, (await slownessOf(cluster)) * (await crowding()));
  const applied = async (folder: string): Promise<void> => {
    const { all, exitCode } = await kubectl(cluster.plane, ["apply", "-k", folder]);
    expect(exitCode, all).toBe(0);
  };
  /** Seconds since `began` at which each of these rates was seen first. */
  const limited = async (rates: readonly number[], began: number): Promise<readonly number[]> => {
    const seen = new Map<number, number>();
    const look = async (): Promise<true | undefined> => {
      for (const rate of await ratesOnNode(cluster)) if (!seen.has(rate)) seen.set(rate, seconds(began));
      return rates.every((rate) => seen.has(rate)) || undefined;
    };
    // Each look costs the emulated processor seconds.
    await eventually(`limits of ${rates.join(", ")} Mbit/s`, look, { ...within, everyMs: 5000 });
    return rates.map((rate) => seen.get(rate) ?? Number.NaN);
  };

  test("kubectl apply -k: a pod that runs and one that is created next are limited", async () => {
    const began = performance.now();
    await applied(INSTALL);
    await createPod(cluster, "next", 30);
    const [ofRunning = Number.NaN, ofNext = Number.NaN] = await limited([20, 30], began);
    slowness = await slownessNow();
    figure("the node's slowness", slowness, { atLeast: 1 });
    figure("until a running pod is limited, s", ofRunning, { atMost: 30 * slowness });
    figure("until a new pod is limited, s", ofNext, { atMost: 30 * slowness });
    figure("until the first limited pod, s", Math.min(ofRunning, ofNext), { atMost: 60 * slowness });
    await readyAgent(cluster);
    figure("until the agent is ready, s", seconds(began), {});
    expect(await failuresOf(cluster)).toEqual([]);
  });

  test("the primary's conf written anew, emptied, removed and put back: ours follows", async () => {
    slowness = await slownessNow();
    const atMost = 2 * slowness;
    const after = async (what: string, writing: Parameters<typeof healed>[2]): Promise<void> =>
      figure(`healed after it was ${what}, s`, (await healed(cluster, watching, writing, 300_000)) / 1000, {
        atMost,
      });
    await after("written anew", { text: otherPrimary, how: "whole" });
    await after("emptied and written in pieces", { text: primary, how: "in pieces" });
    await after("removed", undefined);
    await after("put back", { text: primary, how: "whole" });
  });

  /** Ten pods start meanwhile. */
  const changedTo = async (folder: string, version: string, sum: string, first: number): Promise<void> => {
    const old = await readyAgent(cluster);
    const losses = await watchLosses(cluster);
    const rates = Array.from({ length: 10 }, (_, at) => first + at);
    const began = performance.now();
    await applied(folder);
    await Promise.all(rates.map((rate) => createPod(cluster, `pod-${rate}`, rate)));
    await running(
      cluster,
      rates.map((rate) => `pod-${rate}`),
    );
    await readyAgent(cluster, old);
    figure(`until ${version} is there and ten pods run, s`, seconds(began), {});
    expect(await ratesOnNode(cluster)).toEqual(expect.arrayContaining([20, 30, ...rates]));
    expect(await failuresOf(cluster)).toEqual([]);
    expect(await losses()).toBe("");
    const there = await cluster.exec(["sha256sum", "/opt/cni/bin/pod-qos"], 120_000);
    expect(there.slice(0, 64)).toBe(sum);
  };
  const conf = (): Promise<string> => cluster.exec(["sh", "-c", "cat /etc/cni/net.d/*-pod-qos.conflist"]);

  test("another version while ten pods start: none fails, limits hold", async () => {
    const folder = layerOf(cluster.folder, { version: newer.version, entry });
    await changedTo(folder, newer.version, newers, 41);
    expect(await conf()).toContain(NEWER_KEY);
  });

  test("and back while ten more start: it takes out the key that it does not know, and says which", async () => {
    await changedTo(INSTALL, readProject().version, ours, 61);
    expect(await conf()).not.toContain(NEWER_KEY);
    const pod = await readyAgent(cluster);
    const { all } = await kubectl(cluster.plane, ["-n", "pod-qos-system", "logs", pod, "-c", "install"]);
    expect(all).toContain(`"${NEWER_KEY}" is taken out of the entry: this version does not know it`);
  });

  test("off again: limits go, the executable once no pod needs it; conf directory, kernel and state as before", async () => {
    const system = ["-n", "pod-qos-system"];
    await kubectl(cluster.plane, [...system, "delete", "daemonset", "pod-qos-agent"]);
    await applied(`${INSTALL}/uninstall`);
    const isUnlimited = async (): Promise<true | undefined> =>
      (await ratesOnNode(cluster)).length === 0 || undefined;
    await eventually("no limits", isUnlimited, { ...within, everyMs: 5000 });
    expect(await confDirOf(cluster)).toBe(before.confDir);
    const { items = [] } = await cluster.plane.api.get("/api/v1/namespaces/default/pods");
    const others = items
      .map(({ metadata }) => metadata.name)
      .filter((name) => !/^(?:early|plain)$/.test(name));
    const logs = [...system, "logs", "daemonset/pod-qos-uninstall", "-c", "uninstall"];
    const isSaid = async (): Promise<true | undefined> =>
      (await kubectl(cluster.plane, logs)).all.includes("pod default/pod-41 eth0") || undefined;
    await eventually("it says who holds the executable", isSaid, within);
    await deletePods(cluster, others);
    const waiting = ["rollout", "status", "daemonset/pod-qos-uninstall", "--timeout=900s"];
    const done = await kubectl(cluster.plane, [...system, ...waiting]);
    expect(done.exitCode, done.all).toBe(0);
    const gone = await kubectl(cluster.plane, ["delete", "--ignore-not-found", "-k", INSTALL]);
    expect(gone.exitCode, gone.all).toBe(0);
    expect(await confDirOf(cluster)).toBe(before.confDir);
    expect(await holdingsOf(cluster)).toBe(before.holdings);
  });

  test("at every moment the runtime's first conf was whole, the primary's or ours, and named whole executables alone", async () => {
    const lines = await watching.stop();
    const primaries = [primary, otherPrimary].map((text) => createHash("sha256").update(text).digest("hex"));
    expect(faultsIn(lines, { builds: [ours, newers], primaries })).toEqual([]);
    const end = lines.at(-1);
    if (end?.kind !== "end") throw new Error("the watcher has no end");
    figure("looks at the conf directory", end.samples, { atLeast: 1000 });
    figure("longest time between two, ms", end.longestMs, {});
    expect(lines.filter(({ kind }) => kind === "sight").length).toBeGreaterThan(10);
  });
});

const seconds = (since: number): number => (performance.now() - since) / 1000;

const sumOf = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
