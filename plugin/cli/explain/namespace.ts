/** What a Namespace says that is given with the question, as if the node's agent knew it. Pure. */
import type { Knowledge } from "../../knowledge/knowledge.ts";
import { objectsOf } from "../../knowledge/objects.ts";
import { emptySnapshot } from "../../knowledge/snapshot.ts";
import type { NamespaceFile } from "./files.ts";

/** Of the rest what is known counts. */
export function withNamespace(
  knowledge: Knowledge | undefined,
  given: NamespaceFile | undefined,
): Knowledge | undefined {
  if (given === undefined) return knowledge;
  const { source = "stale", pod, objects = objectsOf(emptySnapshot) } = knowledge ?? {};
  return {
    source,
    pod,
    objects: {
      ...objects,
      namespace: (name) => (name === given.name ? given : objects.namespace(name)),
    },
  };
}
