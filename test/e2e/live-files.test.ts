/** What ADD does with what a node's agent wrote down: the executable, and files as an agent would write them. */
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { agentFiles, type AgentFiles } from "../lab/agent/agent-files.ts";
import { failed, succeededSilently } from "../lab/plugin/answers.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import type { CniVerb, PluginResult } from "../lab/plugin/plugin.ts";
import { readRecordOf } from "../lab/plugin/records.ts";
import { warmNode } from "../lab/plugin/warm-node.ts";
import { apiObject, marking, snapshotOf } from "../unit/support/api.ts";
import { containerds } from "../unit/support/known.ts";

const node = await warmNode();
afterAll(() => node[Symbol.asyncDispose]());

const uid = "5f0c1f3e-0000-4000-8000-000000000001";
const hash = "0123456789abcdef0123456789abcdef";
const web = { uid, namespace: "prod", name: "web-1", labels: { app: "web" }, annotations: {} };
const snapshot = snapshotOf({
  networkQos: [apiObject(marking(20, { podSelector: { matchLabels: { app: "web" } } }), { name: "web" })],
});

let agent: AgentFiles;
let pod: Plug;
beforeEach(async () => {
  await node.exec("rm", ["-rf", "/run/pod-qos/live"]);
  agent = agentFiles(node);
  agent.snapshot(snapshot);
  agent.turn();
  pod = await plug(node);
  return async () => {
    succeededSilently(await pod.call("DEL"));
    await pod.unplug();
    await pod.pod.remove();
  };
});

interface Asking {
  readonly id?: string;
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly bandwidth?: object;
}

const call = (
  verb: CniVerb,
  { id = uid, namespace = "prod", annotations = {}, conf, bandwidth }: Asking = {},
) =>
  pod.call(verb, {
    args: `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=web-1;K8S_POD_UID=${id}`,
    conf: {
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations, ...(bandwidth && { bandwidth }) },
      ...conf,
    },
  });

const add = async (asking: Asking = {}): Promise<PluginResult> => {
  const result = await call("ADD", asking);
  expect(result).toMatchObject({ exitCode: 0, error: undefined });
  return result;
};

const marks = async (): Promise<readonly number[]> => {
  const { stdout } = await pod.pod.exec("iptables-save", ["-t", "mangle"]);
  return [...stdout.matchAll(/--set-dscp 0x([0-9a-f]+)/g)].map(([, value = ""]) =>
    Number.parseInt(value, 16),
  );
};

describe("the agent's word on a pod", () => {
  test("1.9.1 counts where it is fresh: the label's mark is there from the first packet on", async () => {
    agent.pod(web);
    await add();
    expect(await marks()).toEqual([20]);
    expect(readRecordOf(pod)).toMatchObject({ labelsFrom: "agent", asked: { uid } });
    expect(readRecordOf(pod).pending).toBeUndefined();
    succeededSilently(await call("CHECK"));
  });

  test("1.9.1 replaces the runtime's as a whole", async () => {
    agent.pod({ ...web, labels: {}, annotations: { "pod-qos/dscp": "8" } });
    await add({ annotations: { "pod-qos/dscp": "46", "pod-qos/egress-bandwidth": "5M" } });
    expect(await marks()).toEqual([8]);
    expect(readRecordOf(pod).limits).toEqual({ dscp: 8, rules: 1 });
  });

  test("1.9.1 of an agent that hangs counts for labels, and the runtime's for annotations", async () => {
    agent.pod({ ...web, annotations: { "pod-qos/egress-bandwidth": "8M" } });
    agent.hang();
    await add({ annotations: { "pod-qos/egress-bandwidth": "5M" } });
    expect(await marks()).toEqual([20]);
    expect(readRecordOf(pod)).toMatchObject({ labelsFrom: "stale", limits: { egress: 5e6 } });
  });

  test.each([
    ["agent.json", (text: string) => text.replace('"format":1', '"format":2'), [20], "stale"],
    [`pods/${uid}.json`, (text: string) => text.replace('"format":1', '"format":2'), [], undefined],
    ["snapshot", (text: string) => text.replace("snapshot 1", "snapshot 2"), [], "agent"],
  ] as const)("in a format to come is none: %s", async (name, change, dscps, from) => {
    agent.pod(web);
    agent.alter(name, change);
    await add();
    expect(await marks()).toEqual(dscps);
    expect(readRecordOf(pod).labelsFrom).toBe(from);
  });

  test("of another UID is none: a name is used again", async () => {
    agent.pod({ ...web, uid: "another" });
    agent.alter("pods/another.json", (text) => text);
    await node.exec("cp", ["/run/pod-qos/live/pods/another.json", `/run/pod-qos/live/pods/${uid}.json`]);
    await add();
    expect(await marks()).toEqual([]);
    expect(readRecordOf(pod).pending).toContain("NetworkQoS prod/web (API)");
  });

  test("on a static pod is found by the hash that CNI calls its UID", async () => {
    agent.pod({ ...web, uid: "of-the-mirror", configHash: hash });
    await add({ id: hash, annotations: { "kubernetes.io/config.source": "file" } });
    expect(await marks()).toEqual([20]);
  });

  test("1.9.2 on its caps is not outdone by the runtime's echo: 20M, then 5M, then none", async () => {
    const asking = {
      annotations: { "kubernetes.io/egress-bandwidth": "20M" },
      bandwidth: containerds(0, 20e6),
    };
    const limits = async (annotations: Readonly<Record<string, string>>) => {
      agent.pod({ ...web, annotations });
      await add(asking);
      return readRecordOf(pod).limits?.egress;
    };
    expect(await limits({ "kubernetes.io/egress-bandwidth": "20M" })).toBe(20e6);
    expect(await limits({ "kubernetes.io/egress-bandwidth": "5M" })).toBe(5e6);
    expect(await limits({})).toBeUndefined();
  });
});

describe("1.9.8 a pod whose labels come late", () => {
  test("is waited for", async () => {
    setTimeout(() => agent.pod(web), 300);
    await add();
    expect(await marks()).toEqual([20]);
    expect(readRecordOf(pod).pending).toBeUndefined();
  });

  test("starts without after a second, says so in its record, and has it with the next ADD", async () => {
    await add({ annotations: { "pod-qos/dscp": "46" } });
    expect(await marks()).toEqual([46]);
    expect(readRecordOf(pod).pending).toBe(
      "the node's agent has not seen this pod yet: left out: NetworkQoS prod/web (API)",
    );
    succeededSilently(await call("CHECK", { annotations: { "pod-qos/dscp": "46" } }));
    agent.pod({ ...web, annotations: { "pod-qos/dscp": "46" } });
    await add();
    expect(await marks()).toEqual([20]);
    expect(readRecordOf(pod).pending).toBeUndefined();
  });
});

describe('1.9.9 "agent": "required"', () => {
  const conf = { agent: "required" };

  test("starts a pod whose word is there", async () => {
    agent.pod(web);
    await add({ conf });
    expect(await marks()).toEqual([20]);
  });

  test("answers 11 where the word does not come, and where nobody is at work; nothing is left", async () => {
    failed(await call("ADD", { conf }), 11, ["pod prod/web-1", "within 1 s", '"agent": "required"']);
    agent.end();
    failed(await call("ADD", { conf }), 11, ["pod prod/web-1", "not at work"]);
    expect(await marks()).toEqual([]);
  });

  test("exempts kube-system and static pods; CHECK and DEL never ask", async () => {
    agent.end();
    await add({ conf, namespace: "kube-system" });
    succeededSilently(await call("CHECK", { conf, namespace: "kube-system" }));
    succeededSilently(await call("DEL", { conf }));
    await add({ conf, id: hash });
    succeededSilently(await call("CHECK", { conf }));
    succeededSilently(await call("DEL", { conf }));
  });
});

describe("1.9.7 a rule that names pods by label", () => {
  const toPods = { dscp: 12, classifier: { to: [{ podSelector: { matchLabels: { app: "db" } } }] } };
  const annotations = { "pod-qos/egress": JSON.stringify([toPods, { dscp: 11 }]) };

  test("starts with empty sets, for every family, and its record says so", async () => {
    agent.pod({ ...web, annotations });
    await add();
    const { stdout } = await pod.pod.exec("ipset", ["save"]);
    expect(stdout.match(/^create pod-qos-\S+:[46]:\w{8} hash:net/gm)).toHaveLength(2);
    expect(stdout).not.toContain("add ");
    expect(await marks()).toEqual([11, 12]);
    expect(readRecordOf(pod).pending).toContain(
      "addresses of the pods that annotation pod-qos/egress[0] names",
    );
    succeededSilently(await call("CHECK"));
  });

  test("is refused where no agent ever followed the API, and nothing is left", async () => {
    await node.exec("rm", ["-rf", "/run/pod-qos/live"]);
    const error = failed(await call("ADD", { annotations }), 7);
    expect(error.msg).toContain('annotation pod-qos/egress[0] names pods by label in "to"');
    expect(await marks()).toEqual([]);
  });
});
