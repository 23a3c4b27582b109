/** A request with what is known of its pod laid over what the runtime said. Pure. */
import type { Annotations, Request } from "../cni/request.ts";
import { isEcho, isFirstInterface, noCap, withoutPair } from "../policy/cap/echo.ts";
import type { Knowledge, LabelSource } from "./knowledge.ts";

export type Merged = { readonly request: Request; readonly labelsFrom: LabelSource };

/**
 * What a running agent knows replaces what the runtime said: labels, annotations, and the bandwidth capability that repeats an
 * annotation. Of what a former agent left only the labels count, which nobody else has.
 */
export function mergeKnowledge(request: Request, knowledge: Knowledge | undefined): Merged {
  const fresh = knowledge?.source === "agent" ? knowledge.pod : undefined;
  const labels = knowledge?.pod?.labels ?? request.pod.labels;
  return {
    request: {
      ...request,
      pod: { ...request.pod, labels, ...ofNamespace(request, knowledge) },
      runtime: runtimeOf(request, fresh?.annotations),
    },
    labelsFrom: sourceOf(request, knowledge),
  };
}

/** What a former agent left counts too: without it a pod would be above its namespace's ceiling until the agent is back. */
function ofNamespace(
  { pod: { namespace, namespaceAnnotations } }: Request,
  knowledge: Knowledge | undefined,
): Pick<Request["pod"], "namespaceAnnotations"> {
  const known = namespace === undefined ? undefined : knowledge?.objects?.namespace(namespace);
  return { namespaceAnnotations: typeof known === "object" ? known.annotations : namespaceAnnotations };
}

function runtimeOf(request: Request, known: Annotations | undefined): Request["runtime"] {
  const { runtime, call } = request;
  const isFirst = isFirstInterface(call.ifname);
  const annotations = known ?? runtime.annotations;
  const isReplaced = known !== undefined || !isFirst;
  return {
    ...runtime,
    ingress: isReplaced && isEcho("ingress", request) ? noCap : runtime.ingress,
    egress: isReplaced && isEcho("egress", request) ? noCap : runtime.egress,
    annotations: isFirst ? annotations : withoutPair(annotations),
  };
}

function sourceOf({ pod }: Request, knowledge: Knowledge | undefined): LabelSource {
  if (knowledge?.pod !== undefined) return knowledge.source;
  return pod.labels === undefined ? "unknown" : "runtime";
}
