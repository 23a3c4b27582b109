/** The rules of the pod's own annotation, or its namespace's, and those of the conf. Pure; loaded only for a pod or conf that has some. */
import type { Request } from "../../cni/request.ts";
import {
  namespaceAnnotations,
  namespaceAnnotationsFor,
  ownAnnotations,
  annotationsFor,
} from "../annotation/annotations.ts";
import { parseRules } from "./rules.ts";
import type { Rule } from "./rule.ts";
import { parseStructured } from "../text/structured-text.ts";

export type OwnRules = { readonly annotation: readonly Rule[]; readonly conf: readonly Rule[] };

/** Those for other interfaces are read too: a typo there is found when the pod starts. */
export async function readOwnRules({ call, conf, runtime, pod }: Request): Promise<OwnRules> {
  const lists = new Map<string, readonly Rule[]>();
  for (const { field, text, name } of [
    ...ownAnnotations(runtime.annotations),
    ...namespaceAnnotations(pod),
  ]) {
    if (name === "egress") lists.set(field, await parseAnnotation(field, text));
  }
  const chosen =
    annotationsFor(call.ifname, runtime.annotations).egress ??
    namespaceAnnotationsFor(call.ifname, pod).egress;
  return {
    annotation: (chosen === undefined ? undefined : lists.get(chosen.field)) ?? [],
    conf: parseConfRules(conf.rules),
  };
}

/** The conf's `egress`. */
export function parseConfRules(rules: unknown): readonly Rule[] {
  return rules === undefined ? [] : parseRules("egress", rules, "own list");
}

async function parseAnnotation(field: string, text: string): Promise<readonly Rule[]> {
  return parseRules(field, await parseStructured(field, text), "own list");
}
