/** Reads what the node's agent wrote for an attachment: three small files, and none where no agent was ever at work. */
import type { Request } from "../cni/request.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { isNamed } from "../knowledge/pod.ts";
import { agentAtWork } from "../state/live/agent.ts";
import { readKnownObjects } from "../state/live/objects.ts";
import { hasLivePlace, placeFault } from "../state/live/place.ts";
import { readKnownPod } from "../state/live/pods.ts";

export type Learnt = {
  readonly isFresh: boolean;
  /** The agent sees no new pods now: its files count as they are, and ADD waits for none. */
  readonly isCutOff?: boolean;
  /** undefined where there is nothing, or it is not to be believed. Stale beside a fresh agent: that one follows no API. */
  readonly knowledge: Knowledge | undefined;
  /** Why the files are ignored. */
  readonly fault?: string;
};

export function learn({
  call,
  conf,
  pod: { namespace, name },
}: Pick<Request, "call" | "conf" | "pod">): Learnt {
  const { stateDir, network } = conf;
  if (!hasLivePlace(stateDir)) return { isFresh: false, knowledge: undefined };
  const fault = placeFault(stateDir);
  if (fault !== undefined) return { isFresh: false, knowledge: undefined, fault };
  const agent = agentAtWork(stateDir);
  const about = { uid: podUid(call), namespace, name, network };
  if (agent?.followsPods === false) return { isFresh: true, knowledge: learnLeft(stateDir, about) };
  const isFresh = agent !== undefined;
  const isCutOff = agent?.isCutOff === true;
  return {
    isFresh,
    isCutOff,
    knowledge: { source: isFresh ? "agent" : "stale", ...readLeft(stateDir, about) },
  };
}

/** Beside an agent that follows no API: what a former one left counts on, so that no pod loses what it has by that. */
export function learnLeft(stateDir: string, about: About): Knowledge | undefined {
  const left = readLeft(stateDir, about);
  return left.pod === undefined && left.objects === undefined ? undefined : { source: "stale", ...left };
}

type About = {
  readonly uid: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly network: string;
};

function readLeft(stateDir: string, about: About): Pick<Knowledge, "pod" | "objects"> {
  const pod = about.uid === undefined ? undefined : readKnownPod(stateDir, about.uid);
  return {
    pod: pod && isNamed(pod, about) ? pod : undefined,
    objects: readKnownObjects(stateDir, about),
  };
}

/** From CNI_ARGS; of a static pod it is a hash. */
export function podUid({ args }: Request["call"]): string | undefined {
  return args["K8S_POD_UID"] || undefined;
}
