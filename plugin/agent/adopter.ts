/** The loop's task for what a runtime has added and has no record: it gets one, and is decided as every other. */
import { adopt } from "../attachment/adopt.ts";
import { cleanAdopted } from "../attachment/clean-adopted.ts";
import { recordMayBeLost } from "../attachment/lost.ts";
import type { CachedResult } from "../cni/cached-result.ts";
import { readLeniently } from "../cni/conf.ts";
import type { JsonObject } from "../cni/fields.ts";
import { podName } from "../cni/request.ts";
import { processesByNetns } from "../kernel/counters.ts";
import { podOf } from "../report/names.ts";
import { readCachedResult, stampOf } from "../runtime/cached-results.ts";
import { hasRecords } from "../state/record-file.ts";
import type { Loop } from "./context.ts";
import { keyOf } from "./node/records.ts";
import { inFull } from "./status/outcome.ts";
import { isUndecided } from "./status/standings.ts";
import type { Came } from "./work.ts";
import { presentConfOf, type World } from "./world.ts";

/** One look at all processes is enough for what is adopted within so much. */
const trustProcessesMs = 1_000;
/** Adoptions that follow one another are logged as one number, after the last. */
const quietMs = 1_000;

export function createAdopter(loop: Loop): (path: string) => Promise<Came> {
  const { log, metrics, options, signal, world, tell } = loop;
  const said = new Map<string, string>();
  const processIn = recentProcesses();
  /** Files of what was adopted and may have had a record, which was lost. */
  const lost = new Set<string>();
  // The agent makes the directory when it starts, and it may be lost while it runs.
  let hadNone = !hasRecords(options.stateDir);
  const mayBeLost = (netns: string): boolean =>
    (hadNone ||= world().records.size === 0) || recordMayBeLost(options.stateDir, netns);
  const count = counting((number) =>
    log(
      "info",
      `adopted ${number} attachments that had no record: they ran before pod-qos was in their chain`,
    ),
  );
  signal.addEventListener("abort", count.tell);
  const sayOnce = (path: string, level: "warn" | "info", text: string): void => {
    if (said.get(path) !== text) log(level, text);
    said.set(path, text);
  };
  return async (path) => {
    const stamp = stampOf(path);
    const cached = readCachedResult(path);
    const conf = cached && confFor(world(), options.stateDir, cached);
    if (cached === undefined || conf === undefined) {
      lost.delete(path);
      return over;
    }
    if (lost.has(path)) {
      const isDone = await clean(loop, cached, conf);
      if (isDone) lost.delete(path);
      return isDone ? over : { outcome: "failed", why: left };
    }
    const isCached = (): boolean => stampOf(path) === stamp;
    const isSuspect = mayBeLost(cached.netns);
    const came = await adopt({ stateDir: options.stateDir, cached, conf, isCached, processIn });
    if (came.kind !== "over") metrics.adoptions.inc({ result: came.kind });
    const who = whose(cached);
    switch (came.kind) {
      case "adopted":
        said.delete(path);
        log("info", `${who}: it ran before pod-qos was in the chain of network ${cached.network}: adopted`);
        count.add();
        tell({ kind: "records", attachments: loop.readRecords() });
        if (!isSuspect) return over;
        lost.add(path);
        return { outcome: "failed", why: left };
      case "over":
        said.delete(path);
        return over;
      case "unlike":
        sayOnce(
          path,
          "warn",
          `${who}: not adopted: the namespace ${cached.netns} is not that of ${path}: ${came.why}`,
        );
        break;
      case "refused":
      case "busy":
        sayOnce(path, "warn", `${who}: not adopted yet: ${inFull(came.error)}`);
        break;
    }
    return { outcome: "failed", why: "it has no record" };
  };
}

const over: Came = { outcome: "over", why: "" };

/** Why it is looked at again. */
const left = "what a lost record may have left";

/** Once it is decided: what it should have stands then. Gives whether there is no more to do. */
async function clean(
  { options, log, world, standings }: Loop,
  cached: CachedResult,
  conf: JsonObject,
): Promise<boolean> {
  const key = keyOf(cached);
  const record = world().records.get(key)?.record;
  const standing = standings.all().get(key);
  if (record === undefined || standing?.outcome?.kind === "left out") return true;
  if (standing === undefined || isUndecided(standing) || standing.outcome?.kind !== "good") return false;
  return cleanAdopted({ stateDir: options.stateDir, record, conf, log, who: whose(cached) });
}

/** By the conf directory, else by the definition that made it; undefined where pod-qos is not in it, or not this agent's. */
function confFor(world: World, stateDir: string, cached: CachedResult): JsonObject | undefined {
  const { network, containerId, ifname, args } = cached;
  const { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, K8S_POD_UID: uid } = args;
  const asked = { ...(namespace && { namespace }), ...(name && { name }), ...(uid && { uid }) };
  const conf = presentConfOf(world, { identity: { network, containerId, ifname }, asked });
  return conf !== undefined && readLeniently(conf).stateDir === stateDir ? conf : undefined;
}

/** "prod/web-1 eth0" */
function whose({ containerId, netns, ifname, args }: CachedResult): string {
  return `${podOf(podName({ verb: "ADD", containerId, netns, ifname, args }))} ${ifname}`;
}

function recentProcesses(): (netnsId: string) => string | undefined {
  let processes: ReadonlyMap<string, string> = new Map();
  let seenMs = -Infinity;
  return (netnsId) => {
    if (performance.now() - seenMs > trustProcessesMs) {
      processes = processesByNetns();
      seenMs = performance.now();
    }
    return processes.get(netnsId);
  };
}

function counting(say: (number: number) => void): { readonly add: () => void; readonly tell: () => void } {
  let number = 0;
  let timer: NodeJS.Timeout | undefined;
  const tell = (): void => {
    clearTimeout(timer);
    if (number > 0) say(number);
    number = 0;
  };
  return {
    add: () => {
      number += 1;
      clearTimeout(timer);
      timer = setTimeout(tell, quietMs);
    },
    tell,
  };
}
