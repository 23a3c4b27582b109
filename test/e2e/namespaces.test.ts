/** What a Namespace says for its pods, by a manifest in policyDir or by what an agent wrote, from ADD to the kernel; and what explain and show say of it. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { agentFiles } from "../lab/agent/agent-files.ts";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { readRecordOf } from "../lab/plugin/records.ts";
import { warmNode } from "../lab/plugin/warm-node.ts";
import { namespaceOf, snapshotOf } from "../unit/support/api.ts";

const policyDir = "/etc/cni/pod-qos";
const stateDir = "/run/pod-qos";
const uid = "5f0c1f3e-0000-4000-8000-000000000002";
const ceiling = "annotation pod-qos/max-egress-bandwidth of namespace prod";
const own = { "pod-qos/egress-bandwidth": "50M", "pod-qos/egress-burst": "2M" };

const node = await warmNode();
afterAll(() => node[Symbol.asyncDispose]());

let pod: Plug;
beforeEach(async () => {
  mkdirSync(node.path(policyDir), { recursive: true });
  pod = await plug(node, { conf: { policyDir, stateDir } });
});
afterEach(async () => {
  for (const path of [policyDir, `${stateDir}/live`])
    rmSync(node.path(path), { recursive: true, force: true });
  await pod.call("DEL");
  await pod.unplug();
  await pod.pod.remove();
});

const manifest = (annotations: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "prod", annotations } });
const say = (annotations: object): void =>
  writeFileSync(node.path(`${policyDir}/namespace.json`), manifest(annotations));
const call = (verb: "ADD" | "CHECK" | "DEL", annotations: object = {}, namespace = "prod") =>
  pod.call(verb, {
    args: `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=web-1;K8S_POD_UID=${uid}`,
    conf: { runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } },
  });
/** Warnings are welcome. */
const added = (result: PluginResult): PluginResult => {
  expect(result).toMatchObject({ exitCode: 0, error: undefined });
  return result;
};
/** In the pod and on the node: where a cap is held depends on the kernel. */
const queues = async (): Promise<string> => {
  const shown = await Promise.all([pod.pod, node].map((ns) => ns.exec("sh", ["-c", QUEUES])));
  return shown.map(({ stdout }) => stdout).join("\n");
};
const QUEUES = "tc qdisc show; for dev in $(ls /sys/class/net); do tc class show dev $dev; done";

describe("a Namespace manifest", () => {
  test("its ceiling cuts what the pod asks for, its burst stays, and CHECK, explain and show know", async () => {
    const before = await exactState(node, pod.pod);
    say({ "pod-qos/max-egress-bandwidth": "10M" });
    const { stderr } = added(await call("ADD", own));
    expect(stderr).toContain(
      `annotation pod-qos/egress-bandwidth: 50000000 bit/s is cut to 10000000 bit/s by ${ceiling}`,
    );
    expect(await queues()).toMatch(/rate 10Mbit .*burst 25/);
    expect(readRecordOf(pod)).toMatchObject({
      limits: { egress: 10e6 },
      sources: {
        egress: { source: ceiling, cutFrom: { rate: 50e6, source: "annotation pod-qos/egress-bandwidth" } },
      },
    });
    expect((await call("CHECK", own)).exitCode).toBe(0);
    const shown = await callPlugin(node, { argv: ["show", "web-1", "--state-dir", stateDir] });
    expect(shown.stdout.replaceAll(/\s+/g, " ")).toContain(
      `sends at most 10Mbit/s by ${ceiling}, which cuts 50Mbit/s by annotation pod-qos/egress-bandwidth`,
    );
    succeededSilently(await call("DEL", own));
    expect(await exactState(node, pod.pod)).toBe(before);
  });

  test("it counts as it stands now: lowered, raised and taken out, at the next ADD", async () => {
    for (const [rate, seen] of [
      ["10M", 10e6],
      ["8M", 8e6],
      ["90M", 50e6],
      [undefined, 50e6],
    ] as const) {
      say(rate === undefined ? {} : { "pod-qos/max-egress-bandwidth": rate });
      added(await call("ADD", own));
      expect(readRecordOf(pod).limits?.egress, rate).toBe(seen);
      expect(await queues()).toContain(`rate ${seen / 1e6}Mbit`);
    }
  });

  test("its defaults are for pods that say nothing, rules too", async () => {
    const rules = JSON.stringify([{ dscp: 20, classifier: { ports: [{ protocol: "TCP", port: 443 }] } }]);
    say({ "pod-qos/ingress-bandwidth": "6M", "pod-qos/dscp": "EF", "pod-qos/egress": rules });
    succeeded(await call("ADD"));
    expect(readRecordOf(pod)).toMatchObject({ limits: { ingress: 6e6, dscp: 46, rules: 2 } });
    succeeded(await call("ADD", { "pod-qos/dscp": "8", "pod-qos/egress": "[]" }));
    expect(readRecordOf(pod).limits).toEqual({ ingress: 6e6, dscp: 8, rules: 1 });
  });

  test.each([
    [
      { "pod-qos/max-egress-bandwidth": "lots" },
      'annotation pod-qos/max-egress-bandwidth of namespace prod: "lots"',
    ],
    [{ "pod-qos/egress": "[{" }, "annotation pod-qos/egress of namespace prod"],
    [{ "pod-qos/max-egress": "5M" }, "annotation pod-qos/max-egress of namespace prod is not known"],
  ])("a bad one fails pods of its namespace with code 7, and no others: %j", async (annotations, message) => {
    const before = await exactState(node, pod.pod);
    say(annotations);
    failed(await call("ADD", own), 7, [message]);
    expect(await exactState(node, pod.pod)).toBe(before);
    added(await call("ADD", own, "other"));
  });

  test("on a pod a ceiling is an unknown key", async () => {
    failed(await call("ADD", { "pod-qos/max-egress-bandwidth": "5M" }), 7, [
      "annotation pod-qos/max-egress-bandwidth is not known",
    ]);
  });
});

describe("what the node's agent wrote of a Namespace", () => {
  test.each(["at work", "not at work any more"])(
    "counts while it is %s, before a manifest",
    async (state) => {
      const agent = agentFiles(node, stateDir);
      const namespaces = { prod: namespaceOf({}, { "pod-qos/max-egress-bandwidth": "10M" }) };
      agent.snapshot(snapshotOf({ namespaces }));
      agent.pod({ uid, namespace: "prod", name: "web-1", labels: {}, annotations: own });
      agent.turn();
      if (state !== "at work") agent.hang();
      say({ "pod-qos/max-egress-bandwidth": "3M" });
      added(await call("ADD", own));
      expect(readRecordOf(pod)).toMatchObject({ limits: { egress: 10e6 } });
      expect(await queues()).toContain("rate 10Mbit");
    },
  );
});

test("explain says what a Namespace that is given would make of a pod, and why", async () => {
  writeFileSync(node.path("/tmp/ns.json"), manifest({ "pod-qos/max-egress-bandwidth": "10M" }));
  const pair = "pod-qos/egress-bandwidth=50M";
  const explain = (...args: readonly string[]) =>
    callPlugin(node, {
      argv: ["explain", "--namespace-file", "/tmp/ns.json", "--annotations", pair, ...args],
    });
  const { exitCode, stdout } = await explain();
  expect(exitCode).toBe(0);
  expect(stdout.replaceAll(/\s+/g, " ")).toContain(
    `* egress cap: 10 Mbit/s, ${ceiling} - egress cap: 50 Mbit/s, annotation pod-qos/egress-bandwidth (cut)`,
  );
  const other = await explain("--namespace", "dev");
  expect([other.exitCode, other.stderr]).toEqual([
    2,
    expect.stringContaining("--namespace-file is namespace prod, and the pod is in dev"),
  ]);
});
