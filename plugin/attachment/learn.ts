/** What the node's agent wrote down for an attachment. Reads three small files, and none where no agent was ever at work. */
import type { Request } from "../cni/request.ts";
import type { Knowledge } from "../knowledge/knowledge.ts";
import { freshAgent } from "../state/live/agent.ts";
import { readKnownObjects } from "../state/live/objects.ts";
import { hasLivePlace, placeFault } from "../state/live/place.ts";
import { readKnownPod } from "../state/live/pods.ts";

export type Learnt = {
  readonly isFresh: boolean;
  /** It hears of no new pod now: what it wrote counts, and there is nothing to wait for. */
  readonly isCutOff?: boolean;
  /** undefined where there is nothing, or it is not to be believed, or the agent at work follows no API. */
  readonly knowledge: Knowledge | undefined;
  /** Why what is there is not believed. */
  readonly fault?: string;
};

export function learn({ call, conf, pod: { namespace } }: Pick<Request, "call" | "conf" | "pod">): Learnt {
  const { stateDir, network } = conf;
  if (!hasLivePlace(stateDir)) return { isFresh: false, knowledge: undefined };
  const fault = placeFault(stateDir);
  if (fault !== undefined) return { isFresh: false, knowledge: undefined, fault };
  const agent = freshAgent(stateDir);
  if (agent?.followsPods === false) return { isFresh: true, knowledge: undefined };
  const id = podUid(call);
  const pod = id === undefined ? undefined : readKnownPod(stateDir, id);
  const objects = readKnownObjects(stateDir, { namespace, network });
  const isFresh = agent !== undefined;
  const isCutOff = agent?.isCutOff === true;
  return { isFresh, isCutOff, knowledge: { source: isFresh ? "agent" : "stale", pod, objects } };
}

/** As Kubernetes' runtimes say it; of a static pod it is a hash. */
export function podUid({ args }: Request["call"]): string | undefined {
  return args["K8S_POD_UID"] || undefined;
}
