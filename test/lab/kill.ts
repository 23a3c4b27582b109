import { recordNames } from "./exact-state.ts";
import type { LabNode } from "./node.ts";
import { linkPlugin } from "./plugin.ts";
import type { Pod } from "./pod.ts";

/** Whose ADD is killed. */
export interface Victim {
  readonly node: LabNode;
  readonly pod: Pod;
  readonly ifname: string;
  readonly conf: object;
}

/**
 * An ADD that is killed so many milliseconds after its start: only the plugin, or the whole of its process group with the
 * tools that it has started. True if that was in the midst of its work: its record was there, and it had not ended.
 */
export const callKilled = async (victim: Victim, afterMs: number, whole: boolean): Promise<boolean> => {
  const { node, pod, ifname, conf } = victim;
  const others = recordNames(node).length;
  const running = node.start("setsid", [linkPlugin(node)], {
    input: JSON.stringify(conf),
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: pod.containerId,
      CNI_NETNS: pod.netns,
      CNI_IFNAME: ifname,
      CNI_PATH: "/opt/cni/bin",
    },
  });
  const timer = setTimeout(() => killed(running.pid, whole), afterMs);
  const { signal } = await running.done;
  clearTimeout(timer);
  return signal === "SIGKILL" && recordNames(node).length > others;
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
  span * (START_UP + (1 - START_UP) * ((((seed % 1e6) + round) * 0.618_033_988_75) % 1));

/** How long the ADDs of one conf take on this machine, under the load of this minute: the median of the last three. */
export const stopwatch = (
  add: () => Promise<unknown>,
  undo: () => Promise<unknown>,
): (() => Promise<number>) => {
  const took: number[] = [];
  return async () => {
    do {
      const started = performance.now();
      await add();
      took.push(performance.now() - started);
      await undo();
    } while (took.length < 3);
    return took.slice(-3).toSorted((a, b) => a - b)[1] ?? Number.NaN;
  };
};
