/** What somebody asked of the API server, held against the role that he was given: neither may have more than the other (pure). */
import type { PolicyRule } from "./accounts.ts";
import type { AuditEvent } from "./audit.ts";

/** One right: of a rule, one verb on one resource, of one name where the rule has names. */
export type Right = {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | undefined;
};

export const rightsOf = (rules: readonly PolicyRule[]): readonly Right[] =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => ({ verb, group, resource, name }))),
      ),
    ),
  );

export const callsBeyond = (rights: readonly Right[], events: readonly AuditEvent[]): readonly AuditEvent[] =>
  events.filter((event) => !rights.some((right) => isUse(event, right)));

/** An API server that has just started refuses what it allows a moment later. */
export const refusedCalls = (events: readonly AuditEvent[]): readonly AuditEvent[] =>
  events.filter(({ responseStatus }) => responseStatus?.code === 403);

/** Rights that no call needed: of several that allow a call the narrowest counts as used. */
export const unusedRights = (rights: readonly Right[], events: readonly AuditEvent[]): readonly Right[] => {
  const used = new Set(
    events.map(
      (event) =>
        rights.find((right) => right.name !== undefined && isUse(event, right)) ??
        rights.find((right) => isUse(event, right)),
    ),
  );
  return rights.filter((right) => !used.has(right));
};

const isUse = ({ verb, objectRef }: AuditEvent, right: Right): boolean =>
  objectRef !== undefined &&
  verb === right.verb &&
  (objectRef.apiGroup ?? "") === right.group &&
  [objectRef.resource, objectRef.subresource].filter(Boolean).join("/") === right.resource &&
  (right.name === undefined || right.name === objectRef.name);
