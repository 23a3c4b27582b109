/** The third act: a pod that runs and sends, while somebody writes an EgressQoS, flips a label and changes a cap. */
import { existsSync, readFileSync } from "node:fs";
import { startAgent, until } from "../../test/lab/agent/agent.ts";
import { createNode, type LabNode } from "../../test/lab/node/node.ts";
import { callPlugin } from "../../test/lab/plugin/plugin.ts";
import type { Pod } from "../../test/lab/node/pod.ts";
import { measure } from "../../test/lab/traffic/traffic.ts";
import { wirePod, type Wire } from "../../test/lab/node/wire.ts";
import { editLine, liveHead, liveLine, MARKS, type LiveSample, type Mark } from "./live-lines.ts";
import { CAPS, NETWORK, openLiveSource, type LiveSource } from "./live-source.ts";
import { paint, wrap } from "./paint.ts";

export interface LiveRun {
  readonly samples: readonly LiveSample[];
  /** Of all packets that the pod sent. */
  readonly lost: number;
  readonly sent: number;
}

/** After which second each edit is made. */
export const EDITS_AFTER = [2, 5, 8] as const;
const SECONDS = 12;

const PACKETS_PER_SECOND = 1000;
/** Of each, without the headers of IP and UDP. */
const BYTES = 100;

export const playLive = async (): Promise<LiveRun> => {
  await using node = await createNode();
  const pod = await node.addPod("web");
  const wire = await wirePod(node, pod);
  const source = await openLiveSource(node, pod);
  try {
    console.log(wrap(source.introduction));
    await add(node, pod, wire, source);
    const agent = await startAgent(node, { args: source.agentArgs, ready: false });
    await until("the agent is at work", () => existsSync(node.path("/run/pod-qos/live/agent.json")), 15_000);
    console.log(
      wrap(
        `The pod sends ${PACKETS_PER_SECOND} packets a second, and receives as much TCP as its cap of ${CAPS.before}M lets through.`,
      ),
    );
    const run = await watch({ node, pod, wire, source });
    console.log(wrap("what the agent logged:"));
    for (const line of changesIn(await agent.stop())) console.log(paint("dim", wrap(line, "    ")));
    return run;
  } finally {
    await source.close();
  }
};

type Scene = {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly wire: Wire;
  readonly source: LiveSource;
};

const add = async (node: LabNode, pod: Pod, wire: Wire, source: LiveSource): Promise<void> => {
  const { containerId, netns } = pod;
  const { prevResult } = wire;
  const conf = { cniVersion: "1.0.0", name: NETWORK, type: "pod-qos", prevResult, ...source.conf };
  const call = { command: "ADD", containerId, netns, ifname: wire.podDevice, args: source.cniArgs, conf };
  const { exitCode, stdout } = await callPlugin(node, call);
  if (exitCode !== 0) throw new Error(`ADD: ${stdout}`);
};

const watch = async (scene: Scene): Promise<LiveRun> => {
  const { node, pod, wire, source } = scene;
  await node.exec("sh", ["-ec", countMarks(wire)]);
  const load = { seconds: SECONDS + 1 } as const;
  const loads = Promise.all([
    measure({
      ...load,
      from: pod,
      to: node,
      address: wire.node4,
      udp: true,
      bitrate: "800k",
      segment: BYTES,
    }),
    measure({ ...load, from: node, to: pod, address: wire.pod4, congestion: "cubic" }),
  ]);
  // Whoever waits for it below learns of a failure; until then it must not end the demo.
  loads.catch(() => undefined);
  console.log(liveHead());
  const samples: LiveSample[] = [];
  let before = await firstPackets(scene);
  let cap: number = CAPS.before;
  let edit = Promise.resolve();
  for (let second = 1; second <= SECONDS; second += 1) {
    await sleep(before.at + 1000 - performance.now());
    const now = await counters(scene);
    const sample = { ...between(before, now), cap };
    console.log(liveLine(second, sample));
    samples.push(sample);
    before = now;
    const at = EDITS_AFTER.findIndex((each) => each === second);
    const due = source.edits[at];
    if (due === undefined) continue;
    console.log(editLine(due.command));
    edit = due.make();
    edit.catch(() => undefined);
    if (at === 2) cap = CAPS.after;
  }
  await edit;
  const [{ sentBytes }] = await loads;
  const { marks } = await counters(scene);
  const arrived = MARKS.reduce((total, mark) => total + marks[mark], 0);
  return { samples, sent: sentBytes / BYTES, lost: sentBytes / BYTES - arrived };
};

/** Where the pod's packets arrive on the node: behind its queue, and behind the guard at the node's end. By length: iperf3 sends others too. */
const countMarks = ({ pod4 }: Wire): string => `
iptables -t mangle -N MARKS
iptables -t mangle -A PREROUTING -s ${pod4} -p udp -m length --length ${BYTES + 28} -j MARKS
${Object.values(DSCP)
  .map((dscp) => `iptables -t mangle -A MARKS -m dscp --dscp ${dscp} -j RETURN`)
  .join("\n")}
iptables -t mangle -A MARKS -j RETURN`;

const DSCP: Readonly<Record<Exclude<Mark, "other">, number>> = { none: 0, EF: 46, AF11: 10 };

interface Counters {
  readonly at: number;
  readonly marks: Readonly<Record<Mark, number>>;
  readonly bytes: number;
}

const counters = async ({ node, wire }: Scene): Promise<Counters> => {
  const { stdout } = await node.exec("iptables", ["-t", "mangle", "-nvxL", "MARKS"]);
  const packets = stdout
    .split("\n")
    .slice(2)
    .map((line) => Number(line.trim().split(/\s+/)[0]));
  const bytes = Number(
    readFileSync(node.path(`/sys/class/net/${wire.hostDevice}/statistics/tx_bytes`), "utf8"),
  );
  const marks = Object.fromEntries(MARKS.map((mark, at) => [mark, packets[at] ?? 0])) as Counters["marks"];
  return { at: performance.now(), marks, bytes };
};

const between = (before: Counters, now: Counters): Omit<LiveSample, "cap"> => ({
  marks: Object.fromEntries(
    MARKS.map((mark) => [mark, now.marks[mark] - before.marks[mark]]),
  ) as LiveSample["marks"],
  toPod: ((now.bytes - before.bytes) * 8) / ((now.at - before.at) * 1000),
});

/** The first second is the one that begins with the first data, not with the hand-shake. */
const firstPackets = async (scene: Scene): Promise<Counters> => {
  for (let tries = 0; tries < 1000; tries += 1) {
    const now = await counters(scene);
    if (now.marks.none > 20 && now.bytes > 100_000) return now;
    await sleep(10);
  }
  throw new Error("no traffic arrived within ten seconds");
};

const changesIn = (log: string): readonly string[] =>
  log
    .split("\n")
    .filter((line) => line.includes(" -> "))
    .map((line) => line.replace(/^\S+ info pod-qos agent: /, ""));

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
