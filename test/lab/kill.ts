import { recordNames } from "./exact-state.ts";
import type { LabNode } from "./node.ts";
import { linkPlugin, type CniVerb } from "./plugin.ts";
import type { Pod } from "./pod.ts";
import type { ExecResult } from "./process.ts";

/** Whose ADD is killed. */
export interface Victim {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly ifname: string;
  readonly conf: object;
}

/** In the midst of its work an ADD has its record and has not ended. */
export type Hit = "too early" | "in the midst" | "too late";

/**
 * An ADD that is killed so many milliseconds after its start: only the plugin, or the whole of its process group with the
 * tools that it has started.
 */
export const callKilled = async (victim: Victim, afterMs: number, whole: boolean): Promise<Hit> => {
  const { node, conf } = victim;
  const others = recordNames(node).length;
  const { signal } = await callDetached(victim, "ADD", conf, { after: afterMs, whole });
  if (signal !== "SIGKILL") return "too late";
  return recordNames(node).length > others ? "in the midst" : "too early";
};

/** A call in a process group of its own, killed or not. */
export const callDetached = async (
  { node, pod, ifname }: Omit<Victim, "conf">,
  verb: CniVerb,
  conf: object,
  kill: { readonly after: number; readonly whole: boolean } | undefined,
): Promise<ExecResult> => {
  const running = node.start("setsid", [linkPlugin(node)], {
    input: JSON.stringify(conf),
    env: {
      CNI_COMMAND: verb,
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: pod.netns,
      CNI_IFNAME: ifname,
      CNI_PATH: "/opt/cni/bin",
    },
  });
  const timer = kill && setTimeout(() => killed(running.pid, kill.whole), kill.after);
  const result = await running.done;
  clearTimeout(timer);
  return result;
};

/** setsid made the plugin the leader of a group of its own, but not before it was started itself. */
const killed = (pid: number, whole: boolean): void => {
  for (const target of whole ? [-pid, pid] : [pid]) {
    try {
      process.kill(target, "SIGKILL");
      return;
    } catch {
      // No such group yet: then the process alone. Not even that: it has ended.
    }
  }
};

/** Until it writes its record, an ADD does what nobody can see. */
const START_UP = 0.4;

/**
 * When to kill an ADD that takes so many milliseconds: a golden section apart, so that few kills cover all of it evenly, and
 * at other moments with each seed.
 */
export const moment = (seed: number, round: number, span: number): number =>
  span * (START_UP + (1 - START_UP) * portion(seed, round));

/** From 0 to 1. */
export const portion = (seed: number, round: number): number =>
  (((seed % 1e6) + round) * 0.618_033_988_75) % 1;

/** How long an ADD takes on this machine: the median of three. */
export const spanOf = async (add: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<number> => {
  const took: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    await add();
    took.push(performance.now() - started);
    await undo();
  }
  return took.toSorted((a, b) => a - b)[1] ?? Number.NaN;
};

/**
 * How long an ADD takes by now, as each kill tells: what else the machine does changes it within seconds. A machine that became
 * slow, or quick again, is followed; an ADD that has no midst is not met however often one tries.
 */
export const corrected = (span: number, hit: Hit): number => span * CORRECTIONS[hit];

const CORRECTIONS: Readonly<Record<Hit, number>> = { "too early": 1.2, "in the midst": 1, "too late": 0.85 };
