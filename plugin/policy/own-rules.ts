/** The rules of the pod's own annotation and those of the conf. Pure; loaded only for a pod or conf that has some. */
import type { Request } from "../cni/request.ts";
import { ownAnnotations, wishesFor } from "./annotations.ts";
import { parseRules } from "./rules.ts";
import type { Rule } from "./rule.ts";
import { parseStructured } from "./structured-text.ts";

export type OwnRules = { readonly annotation: readonly Rule[]; readonly conf: readonly Rule[] };

/** Those for other interfaces are read too: a typo there is found when the pod starts. */
export async function readOwnRules({ call, conf, runtime }: Request): Promise<OwnRules> {
  const lists = new Map<string, readonly Rule[]>();
  for (const { key, text, name } of ownAnnotations(runtime.annotations)) {
    if (name === "egress") lists.set(key, await parseAnnotation(key, text));
  }
  const chosen = wishesFor(call.ifname, runtime.annotations).egress;
  return {
    annotation: (chosen === undefined ? undefined : lists.get(chosen.key)) ?? [],
    conf: parseConfRules(conf.rules),
  };
}

/** The conf's `egress`. */
export function parseConfRules(rules: unknown): readonly Rule[] {
  return rules === undefined ? [] : parseRules("egress", rules, "own list");
}

async function parseAnnotation(key: string, text: string): Promise<readonly Rule[]> {
  const field = `annotation ${key}`;
  return parseRules(field, await parseStructured(field, text), "own list");
}
