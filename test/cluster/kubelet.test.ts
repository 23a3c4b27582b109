/** The lab's kubelet: pods made through the API get their namespaces by the chain, and go without a trace. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { startKubelet, type Kubelet } from "../lab/cluster/kubelet.ts";
import { podObject, podPath, type KubePod, type PodWish } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { capsOfSandbox } from "../lab/cluster/sandbox-caps.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { repetitions } from "../lab/measure/repetitions.ts";

/** As many as a node may have. */
const crowd = repetitions(110);

const needs = {
  plugin: true,
  kubernetes: ["kube-apiserver", "etcd"],
  peers: ["bridge", "host-local"],
  tools: ["openssl"],
} as const;

suite("pods of the API on a lab node", needs, () => {
  let plane: ControlPlane;
  let node: LabNode;
  let kubelet: Kubelet;
  /** The node after its first pod: with a bridge. */
  let clean = "";

  beforeAll(async () => {
    [plane, node] = await Promise.all([createCluster(), createNode()]);
    kubelet = await startKubelet({
      api: plane.api,
      node,
      name: "node-1",
      conflist: podNetwork(),
      binds: true,
      retryMs: 200,
    });
    await create({ name: "first" });
    await kubelet.running("first");
    await remove("first");
    clean = await node.dump();
  });
  afterAll(async () => {
    await kubelet.stop();
    await Promise.all([plane.stop(), node[Symbol.asyncDispose]()]);
  });

  const create = (wish: PodWish): Promise<unknown> => plane.api.create(podPath("default"), podObject(wish));
  const read = (name: string): Promise<KubePod> => plane.api.get(podPath("default", name));
  const remove = async (name: string): Promise<void> => {
    await plane.api.remove(podPath("default", name));
    await kubelet.gone(name, { withinMs: 240_000 });
  };
  const egressRate = async (sandbox: Sandbox): Promise<string | undefined> =>
    (await capsOfSandbox(node, sandbox)).egress?.rate;

  test("one with an annotated cap has it in the kernel, its address in its status, and leaves nothing", async () => {
    await create({ name: "capped", annotations: { "kubernetes.io/egress-bandwidth": "20M" } });
    const sandbox = await kubelet.running("capped");
    expect(await egressRate(sandbox)).toBe("20Mbit");
    const { spec, status } = await read("capped");
    expect(spec.nodeName).toBe("node-1");
    expect(status).toMatchObject({ phase: "Running", podIP: sandbox.addresses[0] });
    const { stdout } = await sandbox.pod.exec("ip", ["-4", "-o", "addr", "show", "dev", "eth0"]);
    expect(stdout).toContain(` ${status?.podIP}/24 `);
    await remove("capped");
    expect(await node.dump()).toBe(clean);
  });

  test("one that the plugin refuses does not run, and is tried again until its annotation is right", async () => {
    await create({ name: "wrong", annotations: { "pod-qos/egress-bandwidth": "fast" } });
    const refused = (): true | undefined =>
      kubelet.failures.filter(({ pod }) => pod === "default/wrong").length >= 2 ? true : undefined;
    await eventually("it was refused twice", refused);
    expect(kubelet.failures.at(-1)?.message).toContain("pod-qos/egress-bandwidth");
    expect((await read("wrong")).status?.phase).toBe("Pending");
    await plane.api.patch(podPath("default", "wrong"), {
      metadata: { annotations: { "pod-qos/egress-bandwidth": "5M" } },
    });
    expect(await egressRate(await kubelet.running("wrong"))).toBe("5Mbit");
    await remove("wrong");
    expect(await node.dump()).toBe(clean);
  });

  test("one whose sandbox is made anew is the same pod with another container", async () => {
    await create({ name: "again", annotations: { "kubernetes.io/egress-bandwidth": "8M" } });
    const old = await kubelet.running("again");
    const anew = await kubelet.restartSandbox(old);
    expect(anew.uid).toBe(old.uid);
    expect(await egressRate(anew)).toBe("8Mbit");
    await eventually("the API has the new address", async () =>
      (await read("again")).status?.podIP === anew.addresses[0] ? true : undefined,
    );
    await remove("again");
    expect(await node.dump()).toBe(clean);
  });

  test("one that is deleted by force goes from the node as well", async () => {
    await create({ name: "forced" });
    await kubelet.running("forced");
    await plane.api.remove(podPath("default", "forced"), { gracePeriodSeconds: 0 });
    await kubelet.gone("forced");
    expect(await node.dump()).toBe(clean);
  });

  test("a static one is known to CNI by its file's hash, and to the API by a mirror pod", async () => {
    const wish = {
      name: "static",
      annotations: { "kubernetes.io/egress-bandwidth": "30M" },
      labels: { tier: "a" },
    };
    const pod = await kubelet.runStatic(wish);
    expect(await egressRate(pod.sandbox)).toBe("30Mbit");
    const mirror = await read("static-node-1");
    expect(mirror.metadata.uid).not.toBe(pod.sandbox.uid);
    expect(mirror.metadata).toMatchObject({
      labels: { tier: "a" },
      annotations: { "kubernetes.io/config.hash": pod.sandbox.uid },
    });
    expect(mirror.status?.podIP).toBe(pod.sandbox.addresses[0]);
    await pod.end();
    await kubelet.gone("static-node-1");
    expect(await node.dump()).toBe(clean);
  });

  test("what happened while the API server was away is made up for when it is back", async () => {
    await create({ name: "stays" });
    await kubelet.running("stays");
    await plane.killApiServer();
    await plane.startApiServer();
    await remove("stays");
    await create({ name: "new" });
    await kubelet.running("new");
    await remove("new");
    expect(await node.dump()).toBe(clean);
  });

  test(`${crowd} run within their part of the minute that 110 have, and go`, async () => {
    const names = Array.from({ length: crowd }, (_, at) => `crowd-${at}`);
    const started = performance.now();
    await Promise.all(
      names.map((name) => create({ name, annotations: { "kubernetes.io/egress-bandwidth": "10M" } })),
    );
    await Promise.all(names.map((name) => kubelet.running(name, { withinMs: 240_000 })));
    const seconds = (performance.now() - started) / 1000;
    expect(new Set(kubelet.sandboxes().flatMap(({ addresses }) => addresses)).size).toBe(crowd);
    await Promise.all(names.map(remove));
    expect(await node.dump()).toBe(clean);
    const atMost = (60 / 110) * crowd * (await crowding());
    figure(`seconds until ${crowd} pods run`, seconds, { atMost });
  }, 600_000);
});
