/**
 * Where the milliseconds of one verb go, for a pod with both caps and a mark: its processes on a time line, and the
 * functions of the plugin itself by their share. Both slow the plugin down: read the proportions, not the sums.
 */
import { createNode, type LabNode } from "../../test/lab/node/node.ts";
import { pluginPath } from "../../test/lab/node/paths.ts";
import { plug, type Plug } from "../../test/lab/plugin/plug.ts";
import { succeededOrThrow, type Call, type Repeated } from "./profile-call.ts";
import { cpuProfile } from "./profile-cpu.ts";
import { timeLine } from "./profile-processes.ts";
import { capsAndMark } from "./scenarios.ts";

export async function* profile(verb: string): AsyncGenerator<string> {
  const around = surroundings[verb];
  if (around === undefined)
    throw new Error(`--profile ${verb}: ${Object.keys(surroundings).join(", ")} exist`);
  await using node = await createNode();
  const pod = await plug(node, { conf: capsAndMark });
  // The first ADD on a node finds out what the kernel can do; it is not the one to look at.
  for (const command of ["ADD", "DEL"]) await succeededOrThrow(node, callOf(pod, command));
  const repeated = async (body: (call: Call) => Promise<void>): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const command of around.before) await succeededOrThrow(node, callOf(pod, command));
      await body(callOf(pod, verb));
      for (const command of around.after) await succeededOrThrow(node, callOf(pod, command));
    }
  };
  yield `${verb}, both caps and a mark, ${ROUNDS} times`;
  yield await plainTime(node, repeated);
  yield await timeLine(node, repeated);
  yield await cpuProfile(node, repeated);
}

const ROUNDS = 10;

/** What has to be there for a verb, and what it leaves. */
const surroundings: Readonly<
  Record<string, { readonly before: readonly string[]; readonly after: readonly string[] }>
> = {
  ADD: { before: [], after: ["DEL"] },
  CHECK: { before: ["ADD"], after: ["DEL"] },
  DEL: { before: ["ADD"], after: [] },
  GC: { before: ["ADD"], after: ["DEL"] },
  STATUS: { before: [], after: [] },
  VERSION: { before: [], after: [] },
};

function callOf({ pod, ifname, prevResult }: Plug, command: string): Call {
  return {
    program: [pluginPath()],
    env: {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: pod.netns,
      CNI_IFNAME: ifname,
      CNI_PATH: "/opt/cni/bin",
    },
    stdin: JSON.stringify({
      cniVersion: "1.1.0",
      name: "profile",
      type: "pod-qos",
      ...capsAndMark,
      prevResult,
    }),
  };
}

async function plainTime(node: LabNode, repeated: Repeated): Promise<string> {
  const times: number[] = [];
  await repeated(async (call) => {
    const from = performance.now();
    await succeededOrThrow(node, call);
    times.push(performance.now() - from);
  });
  const [fastest = Number.NaN] = times.toSorted((one, other) => one - other);
  return `without any tracing: ${fastest.toFixed(1)} ms at best, entering the node included`;
}
