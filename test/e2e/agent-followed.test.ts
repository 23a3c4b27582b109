/**
 * All that is followed without an API: confs and files. On eth0 and on net1, of a pod and of a static pod. Each row says what a
 * change gives which interface; when it is taken back all is as before.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent, type Agent } from "../lab/agent/agent.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import {
  app,
  become,
  both,
  edited,
  given,
  followAll,
  policy,
  ruling,
  uplinkWith,
  type Change,
  type Has,
  type Records,
  type Row,
} from "../lab/agent/followed.ts";
import { objectRows, type Kind } from "../lab/agent/followed-objects.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { readRecordOf } from "../lab/plugin/records.ts";

const policyDir = "/run/policies";
const uplink = uplinkWith();

let node: LabNode;
let agent: Agent;
let pods: readonly { readonly eth0: Plug; readonly net1: Plug }[];

beforeAll(async () => {
  node = await createNode();
  await node.exec("sh", ["-ec", "ip link add up0 type veth peer name up1; ip link set up0 up"]);
  mkdirSync(node.path(policyDir));
  await conf({}).undo();
  await dropIn({}).undo();
  pods = [
    await added("K8S_POD_NAME=web;K8S_POD_UID=0b9c0ed1-7c4e-4a67-9d5e-5dbd6a5c1f00"),
    await added("K8S_POD_NAME=fixed-node-1;K8S_POD_UID=0123456789abcdef0123456789abcdef"),
  ];
  agent = await startAgent(node);
  await become(records, {});
});
afterAll(async () => {
  await agent?.kill();
  await node?.[Symbol.asyncDispose]();
});

const added = async (args: string): Promise<(typeof pods)[number]> => {
  const labels = { args: { cni: { labels: { app: "web" } } } };
  const eth0 = await plug(node, { conf: { name: "podnet", policyDir, uplink, ...labels } });
  const net1 = await plug(node, {
    ifname: "net1",
    pod: eth0.pod,
    conf: { name: "second", policyDir, ...labels },
  });
  for (const each of [eth0, net1])
    succeeded(await each.call("ADD", { args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;${args}` }));
  return { eth0, net1 };
};

const write = (path: string, content: object | string): void => {
  const target = node.path(path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.new`, typeof content === "string" ? content : JSON.stringify(content));
  renameSync(`${target}.new`, target);
};
const chain = (name: string, ...plugins: readonly object[]) => ({
  cniVersion: "1.1.0",
  name,
  plugins: [{ type: "ptp" }, ...plugins],
});
const ours = (entry: object) => ({ type: "pod-qos", policyDir, ...entry });
/** podnet is a delegate in a conf of Multus. */
const delegate = async (more: object): Promise<void> =>
  write("/etc/cni/net.d/00-multus.conf", {
    name: "multus-cni-network",
    type: "multus",
    delegates: [chain("podnet", ours({ uplink, ...more }))],
  });
const conf = (entry: object): Change => ({ make: () => delegate(entry), undo: () => delegate({}) });
/** Our entry of the second network is a file of its own. */
const drop = async (more: object): Promise<void> => {
  write("/etc/cni/net.d/second/50-qos.conf", ours(more));
  write("/etc/cni/net.d/20-second.conflist", chain("second"));
};
const dropIn = (entry: object): Change => ({ make: () => drop(entry), undo: () => drop({}) });
const file = (name: string, ...objects: readonly object[]): Change => ({
  make: async () =>
    write(`${policyDir}/${name}`, objects.map((each) => JSON.stringify(each)).join("\n---\n")),
  undo: async () => rmSync(node.path(`${policyDir}/${name}`)),
});

const made = (kind: Kind, spec: object): Change => file("policy.json", policy(kind, "prod", spec));
const network = (labels: object): Change =>
  file("network.json", {
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name: "second", namespace: "prod", labels },
  });
const namespaceObject = (labels: object, annotations: object = {}) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "prod", labels, annotations },
});
const namespace = (labels: object, annotations?: object): Change =>
  file("namespace.json", namespaceObject(labels, annotations));
const onEach = (name: string, entry: object, has: Partial<Has>) =>
  [
    [`${name} of a delegate's conf`, conf(entry), { eth0: has }],
    [`${name} of a drop-in`, dropIn(entry), { net1: has }],
  ] as const;
const rule = { dscp: 8, classifier: { ports: [{ protocol: "UDP", port: 53 }] } };

const rows = (): readonly Row[] => [
  [
    "a Namespace's ceiling below what a conf gives",
    given(
      conf({ defaults: { egressBandwidth: "9M", ingressBandwidth: "2M" } }),
      namespace({}, { "pod-qos/max-egress-bandwidth": "4M", "pod-qos/max-ingress-bandwidth": "4M" }),
    ),
    { eth0: { egress: 4e6, ingress: 2e6 }, net1: { egress: 4e6, ingress: 4e6 } },
  ],
  ...onEach("egressBandwidth", { defaults: { egressBandwidth: "5M" } }, { egress: 5e6 }),
  ...onEach("ingressBandwidth", { defaults: { ingressBandwidth: "6M" } }, { ingress: 6e6 }),
  ...onEach("static caps", { egressRate: 7e6, egressBurst: 1e6 }, { egress: 7e6 }),
  ...onEach("dscp", { defaults: { dscp: "EF" } }, { dscp: 46, rules: 1 }),
  ...onEach("rules", { egress: [rule, rule] }, { rules: 2 }),
  ["a default class", conf({ defaults: { class: "bulk" } }), { eth0: { class: "bulk" } }],
  [
    "a class's podSelector",
    conf({ uplink: uplinkWith({ web: { rate: "50M", podSelector: app("web") } }) }),
    { eth0: { class: "web" } },
  ],
  [
    "a move between classes",
    edited(
      conf({ uplink: uplinkWith({ a: { rate: "50M", podSelector: app("web") }, b: { rate: "50M" } }) }),
      conf({ uplink: uplinkWith({ a: { rate: "50M" }, b: { rate: "50M", podSelector: app("web") } }) }),
    ),
    { eth0: { class: "b" } },
  ],
  ...objectRows({ made, editedTo: made, network, namespace }),
  [
    "a Namespace manifest edited, by a class",
    edited(namespace({ team: "x" }), namespace({ team: "a" })),
    { eth0: { class: "team" } },
  ],
  [
    "a NetworkQoS made, in YAML beside another object",
    file("a.yaml", policy("NetworkQoS", "prod", ruling(2, { podSelector: app("web") })), namespaceObject({})),
    both({ rules: 2 }),
  ],
];

test("each change reaches the interfaces that it is about, of a pod and a static pod, and goes when it is taken back", async () => {
  await followAll(rows(), records, async (at) => {
    for (const each of Object.values(pods[at] ?? {})) expect((await each.call("CHECK")).stdout).toBe("");
  });
});

const records = (): readonly Records[] =>
  pods.map(({ eth0, net1 }) => ({ eth0: readRecordOf(eth0), net1: readRecordOf(net1) }));
