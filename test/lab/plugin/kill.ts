import { existsSync } from "node:fs";
import { linkPlugin, type CniVerb } from "./plugin.ts";
import type { ExecResult } from "../node/process.ts";
import { recordPathOf, type RecordOwner } from "./records.ts";

/** In the midst of its work an ADD has its record and has not ended. */
export type Hit = "too early" | "in the midst" | "too late";

/** An ADD that is killed at a moment: only the plugin, or the whole of its process group with the tools that it has started. */
export const callKilled = async (victim: RecordOwner, when: Moment, whole: boolean): Promise<Hit> => {
  const { signal } = await callDetached(victim, "ADD", victim.conf, { ...when, whole });
  if (signal !== "SIGKILL") return "too late";
  return existsSync(recordPathOf(victim)) ? "in the midst" : "too early";
};

/** A call in a process group of its own, killed or not. */
export const callDetached = async (
  victim: RecordOwner,
  verb: CniVerb,
  conf: object,
  kill: (Moment & { readonly whole: boolean }) | undefined,
): Promise<ExecResult> => {
  const { node, pod, ifname } = victim;
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
  const disarm = kill && arm(victim, kill, () => killed(running.pid, kill.whole));
  const result = await running.done;
  disarm?.();
  return result;
};

const arm = (victim: RecordOwner, { after, ms }: Moment, strike: () => void): (() => void) => {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => void (timer = setTimeout(strike, ms));
  const stop = after === "record" ? whenRecorded(victim, wait) : wait();
  return () => {
    stop?.();
    clearTimeout(timer);
  };
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

/** Milliseconds that an ADD takes on this machine until its record is there, and from then on. */
export interface Span {
  readonly toRecord: number;
  readonly fromRecord: number;
}

/** When an ADD is killed: so long after its start, or after its record has come. */
export interface Moment {
  readonly after: "start" | "record";
  readonly ms: number;
}

/**
 * A golden section apart, so that few kills cover all of an ADD evenly, and at other moments with each seed. Until it writes its
 * record an ADD does what nobody can see, so most are counted from there: how long the start-up takes changes with every load.
 */
export const moment = (seed: number, round: number, { toRecord, fromRecord }: Span): Moment =>
  round % 4 === 3
    ? { after: "start", ms: toRecord * portion(seed, round) }
    : { after: "record", ms: fromRecord * portion(seed, round) };

export const inWords = ({ after, ms }: Moment): string =>
  `killed ${ms.toFixed(1)} ms after its ${after === "start" ? "start" : "record came"}`;

/** From 0 to 1. */
export const portion = (seed: number, round: number): number =>
  (((seed % 1e6) + round) * 0.618_033_988_75) % 1;

/** The medians of three. */
export const spanOf = async (
  victim: RecordOwner,
  add: () => Promise<unknown>,
  undo: () => Promise<unknown>,
): Promise<Span> => {
  const took: Span[] = [];
  for (let round = 0; round < 3; round += 1) {
    const started = performance.now();
    let recorded = started;
    const stop = whenRecorded(victim, () => (recorded = performance.now()));
    await add();
    stop();
    took.push({ toRecord: recorded - started, fromRecord: performance.now() - recorded });
    await undo();
  }
  const median = (key: keyof Span): number =>
    took.map((span) => span[key]).toSorted((a, b) => a - b)[1] ?? Number.NaN;
  return { toRecord: median("toRecord"), fromRecord: median("fromRecord") };
};

/** Looked for each millisecond, until it is there. */
const whenRecorded = (victim: RecordOwner, then: () => void): (() => void) => {
  const path = recordPathOf(victim);
  const looking = setInterval(() => {
    if (!existsSync(path)) return;
    clearInterval(looking);
    then();
  }, 1);
  return () => clearInterval(looking);
};

/**
 * How long an ADD takes by now, as each kill tells: what else the machine does changes it within seconds. A machine that became
 * quick again is followed; an ADD that has no midst is not met however often one tries.
 */
export const corrected = (span: Span, hit: Hit): Span =>
  hit === "too late" ? { ...span, fromRecord: span.fromRecord * 0.85 } : span;
