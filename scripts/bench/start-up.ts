/** Start-up and every verb, against bare Node of the same build and against the Go bandwidth plugin. */
import { copyFile, mkdir } from "node:fs/promises";
import { agentFiles } from "../../test/lab/agent/agent-files.ts";
import { createNode, type LabNode } from "../../test/lab/node/node.ts";
import { cniPath, pinnedPeer, pluginPath } from "../../test/lab/node/paths.ts";
import { plug, type Plug } from "../../test/lab/plugin/plug.ts";
import type { Measured } from "./report.ts";
import { apiObject, marking, namespaceOf, snapshotOf } from "../../test/unit/support/api.ts";
import { liveStateDir, scenarios, type Scenario, type Subject } from "./scenarios.ts";
import { time, type TimedCall } from "./timer.ts";

export type Programs = Readonly<Record<Subject, string | undefined>>;

export function programs(bareNode: string): Programs {
  return { "bare Node": bareNode, "pod-qos": pluginPath(), bandwidth: pinnedPeer("bandwidth") };
}

/** A subject that is not installed is left out. */
export async function measureStartUp(made: Programs, runs: number): Promise<readonly Measured[]> {
  const rows = scenarios().filter(({ subject }) => made[subject] !== undefined);
  await using node = await createNode();
  const plugs = await wire(node, rows);
  const installed = await install(node, made);
  const calls = rows.map((row) => callOf(row, installed.get(row.subject) ?? "", plugs));
  const turns = atWork(node);
  const times = await time(node, calls, runs).finally(() => clearInterval(turns));
  const once = new Map(rows.map((row) => [idOf(row), row]));
  return [...once].map(([id, { title, subject, against }]) => ({
    group: "start-up",
    title,
    subject,
    against,
    metrics: [
      { name: "wall", unit: "ms", samples: times.get(id)?.wall ?? [] },
      { name: "cpu", unit: "ms", samples: times.get(id)?.cpu ?? [] },
    ],
  }));
}

/** What a node's agent writes: this process is the agent, and its loop turns while the calls are timed. */
function atWork(node: LabNode): NodeJS.Timeout {
  const agent = agentFiles(node, liveStateDir);
  const classifier = { to: [{ ipBlock: { cidr: "192.0.2.0/24" } }] };
  const egress = [1, 2, 3, 4].map((dscp) => ({ dscp, classifier }));
  const objects = Array.from({ length: 500 }, (_, at) =>
    apiObject(marking(1, { egress }), { name: `qos-${at}`, namespace: `team-${at % 50}` }),
  );
  agent.snapshot(snapshotOf({ networkQos: objects, namespaces: { default: namespaceOf() } }));
  agent.pod({ uid: podUid, namespace: "default", name: "web-1", labels: { app: "web" }, annotations: {} });
  agent.turn();
  return setInterval(agent.turn, 5_000);
}

const podUid = "5f0c1f3e-0000-4000-8000-000000000001";

/**
 * Into memory, all of them: on disk two equal files lie in the page cache in pieces of different sizes, and what that
 * spares one of them in page faults is a tenth of its start-up.
 */
async function install(node: LabNode, made: Programs): Promise<ReadonlyMap<string, string>> {
  const folder = "/run/bench/bin";
  await mkdir(node.path(folder), { recursive: true });
  const present = Object.entries(made).flatMap(([subject, file]) =>
    file === undefined ? [] : [{ subject, file }],
  );
  const installed = new Map<string, string>();
  for (const { subject, file } of present) {
    const path = `${folder}/${subject.replaceAll(" ", "-")}`;
    await copyFile(file, node.path(path));
    installed.set(subject, path);
  }
  return installed;
}

/** Every pod is there from the start, so that all calls see a node with the same links. */
async function wire(node: LabNode, rows: readonly Scenario[]): Promise<ReadonlyMap<string, Plug>> {
  const names = new Set(rows.map(({ pod }) => pod).filter((name) => name !== undefined));
  const plugs = new Map<string, Plug>();
  for (const name of names) plugs.set(name, await plug(node));
  return plugs;
}

function callOf(row: Scenario, program: string, plugs: ReadonlyMap<string, Plug>): TimedCall {
  return {
    id: idOf(row),
    program,
    env: { CNI_COMMAND: row.command, CNI_PATH: cniPath(), ...attachmentEnv(row, plugs) },
    stdin: JSON.stringify(confOf(row, plugs)),
    ...leftovers(row, plugs),
  };
}

/** The bandwidth plugin leaves its qdiscs to die with the veth, and its next ADD would stumble over them. */
function leftovers(
  { subject, command, pod }: Scenario,
  plugs: ReadonlyMap<string, Plug>,
): Pick<TimedCall, "afterwards"> {
  const device = plugs.get(pod ?? "")?.nodeDevice;
  if (subject !== "bandwidth" || command !== "DEL" || device === undefined) return {};
  return { afterwards: `tc qdisc del dev ${device} root; tc qdisc del dev ${device} ingress` };
}

/** What libcni sets for ADD, CHECK and DEL, and what containerd has it say of the pod. */
function attachmentEnv(
  { pod }: Pick<Scenario, "pod">,
  plugs: ReadonlyMap<string, Plug>,
): Readonly<Record<string, string>> {
  const attached = plugs.get(pod ?? "");
  if (attached === undefined) return {};
  return {
    CNI_CONTAINERID: attached.pod.containerId,
    CNI_NETNS: attached.pod.netns,
    CNI_IFNAME: attached.ifname,
    CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${attached.pod.name};K8S_POD_UID=${podUid}`,
  };
}

/** 1.1.0 for ours, or there would be no STATUS and no GC; the newest the Go plugin knows is the same. */
function confOf(row: Scenario, plugs: ReadonlyMap<string, Plug>): object {
  const attached = plugs.get(row.pod ?? "");
  const alive = [...plugs.values()].map(({ pod, ifname }) => ({ containerID: pod.containerId, ifname }));
  return {
    cniVersion: "1.1.0",
    name: "bench",
    type: row.subject,
    ...row.conf,
    ...(attached === undefined ? {} : { prevResult: attached.prevResult }),
    ...(row.command === "GC" ? { "cni.dev/valid-attachments": alive } : {}),
  };
}

function idOf({ subject, title }: Scenario): string {
  return `${subject}:${title}`.replaceAll(" ", "_");
}
