/**
 * ADD's decision on a node with an agent. The agent has mostly written the pod's file before the runtime calls ADD. Where it has
 * not, and the file could matter, ADD waits a second at most; then the pod starts without it, and the agent completes it later.
 */
import { podName, type Request } from "../cni/request.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { unlisted, type Asking } from "../knowledge/asks.ts";
import { isStaticPod } from "../knowledge/pod.ts";
import type { Log } from "../log.ts";
import { addressesLacking, assertFindsDestinations, decide, type Decision } from "./decide.ts";
import { learn, podUid, type Learnt } from "./learn.ts";

export async function decideForAdd(request: Request, log: Log): Promise<Decision> {
  const { decision, learnt } = await decideWithin(request, log);
  assertFindsDestinations(decision, learnt.knowledge);
  return withPending(decision, request, learnt);
}

type Answer = { readonly decision: Decision; readonly learnt: Learnt };

async function decideWithin(request: Request, log: Log): Promise<Answer> {
  const first = learn(request);
  if (first.fault !== undefined) log("warn", `the files of the node's agent are ignored: ${first.fault}`);
  const isRequired = request.conf.agent === "required" && !isExempt(request, first);
  if (isRequired && !first.isFresh) throw withoutAgent();
  const early = await decide(request, "keep", first.knowledge);
  const decided = { decision: early, learnt: first };
  const asking = askingOf(request, early);
  if (isComplete(asking, first) || !first.isFresh || !isApiPod(request)) return decided;
  if (!isRequired && !couldMatter(early, request, first)) return decided;
  const learnt = first.isCutOff === true ? first : await waitFor(request, asking, log);
  if (isRequired && learnt.knowledge?.pod === undefined) throw saysNothing(request, learnt);
  return { decision: await decide(request, "keep", learnt.knowledge), learnt };
}

/** Selectors of networks are in objects of the API and in the files of a policy directory. */
function askingOf({ pod }: Request, { selectsNetworks }: Decision): Asking {
  return { pod, selectsNetworks };
}

/** The agent will bring nothing more that this pod could wait for. */
function isComplete(asking: Asking, { isFresh, knowledge }: Learnt): boolean {
  if (knowledge === undefined || (isFresh && knowledge.source === "stale")) return true;
  return isFresh && knowledge.pod !== undefined && !isAwaited(asking, knowledge);
}

/** The agent may bring it in a moment. */
function isAwaited(asking: Asking, knowledge: NonNullable<Learnt["knowledge"]>): boolean {
  return lacksNamespace(asking, knowledge) || unlistedFor(asking, knowledge).some(({ isComing }) => isComing);
}

/** Resources that its decision needs and the agent has not listed. One that it may not read does not come. */
function unlistedFor(
  asking: Asking,
  { objects }: NonNullable<Learnt["knowledge"]>,
): readonly { readonly name: string; readonly isComing: boolean }[] {
  if (objects === undefined) return [];
  return unlisted(asking, objects).map((name) => ({
    name,
    isComing: objects.resources[name].state === "unsynced",
  }));
}

function lacksNamespace({ pod }: Asking, { objects }: NonNullable<Learnt["knowledge"]>): boolean {
  return pod.namespace !== undefined && objects?.namespace(pod.namespace) === "absent";
}

/** Selectors that need labels; annotations that the runtime did not pass on; objects of a new namespace. */
function couldMatter(decision: Decision, request: Request, { knowledge }: Learnt): boolean {
  const isNew = knowledge !== undefined && isAwaited(askingOf(request, decision), knowledge);
  return decision.undecided.length > 0 || !request.runtime.gaveAnnotations || isNew;
}

const lookEachMs = 20;
const longestWaitMs = 1_000;

async function waitFor(request: Request, asking: Asking, log: Log): Promise<Learnt> {
  const began = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, lookEachMs));
    const learnt = learn(request);
    const waitedMs = performance.now() - began;
    const isAll = isComplete(asking, learnt) || !learnt.isFresh || learnt.isCutOff === true;
    if (!isAll && waitedMs < longestWaitMs) continue;
    log("debug", `ADD ${podName(request.call)} waited ${waitedMs.toFixed(0)} ms for the node's agent`);
    return learnt;
  }
}

/** Of a static pod the API has only a mirror, made while the pod starts. */
function isApiPod({ call, runtime }: Request): boolean {
  const uid = podUid(call);
  return uid !== undefined && !isStaticPod(uid, runtime.annotations);
}

/** A node needs these pods to come up, and one of them is the agent's. */
function isExempt(request: Request, { knowledge }: Learnt): boolean {
  const { namespace } = request.pod;
  return (
    !isApiPod(request) ||
    namespace === "kube-system" ||
    (namespace !== undefined && namespace === knowledge?.objects?.agentNamespace)
  );
}

/** Adds what is missing, and why, where an agent will complete it. */
export function withPending(
  decision: Decision,
  request: Request,
  { isFresh, isCutOff, knowledge }: Learnt,
): Decision {
  if (podUid(request.call) === undefined || knowledge === undefined) return decision;
  const unread = unlistedFor(askingOf(request, decision), knowledge).map(({ name }) => `what needs ${name}`);
  const isUnheard = knowledge.pod === undefined;
  const lacksAnnotations = isUnheard && !request.runtime.gaveAnnotations;
  const missing = [
    ...(isUnheard ? decision.undecided : []),
    ...(lacksAnnotations ? ["annotations, which the runtime did not pass on"] : []),
    ...unread,
    ...addressesLacking(decision.addressless),
  ];
  if (missing.length === 0) return decision;
  const why = !isFresh
    ? "the node's agent is not at work"
    : isCutOff === true
      ? cutOff
      : isUnheard
        ? "the node's agent has not seen this pod yet"
        : "the node's agent has not listed everything yet";
  return { ...decision, pending: `${why}: left out: ${missing.join(", ")}` };
}

const howToBring =
  'see why on this node (kubectl get pods -A -o wide; pod-qos agent), or let pods start without it: "agent": "optional" in the conf';

function withoutAgent(): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    'the node\'s agent is not at work, and the conf says "agent": "required"',
    howToBring,
  );
}

const cutOff = "the node's agent has no contact with the API";

function saysNothing({ conf }: Request, { isCutOff }: Learnt): CniError {
  const why =
    isCutOff === true ? cutOff : `the node's agent has not seen this pod within ${longestWaitMs / 1000} s`;
  return new CniError(
    ErrorCode.tryAgainLater,
    `${why}, and the conf of ${conf.network} says "agent": "required"`,
    howToBring,
  );
}
