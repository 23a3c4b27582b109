/** The status of an object as the API has it, and whether that is what it should say. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { decodeStatus } from "./decode.ts";

export type Condition = {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number | undefined;
};

/** Without the times of changes: these follow from what is changed. */
export type ObjectStatus = {
  /** What `kubectl get` prints; "" for nothing. */
  readonly text: string;
  readonly ready: Condition | undefined;
  /** Ready-In-Zone-<node>, OVN-Kubernetes' shape. */
  readonly zones: readonly Condition[];
  /** When each condition got its status, by its type. */
  readonly since: Readonly<Record<string, string>>;
};

export const READY = "Ready";
export const ZONE = "Ready-In-Zone-";

export function writtenIn(item: JsonObject): ObjectStatus {
  const { status: text = "", conditions = [] } = decodeStatus(item) ?? {};
  const all = conditions.map(({ type, status, reason, message, observedGeneration }) => ({
    type,
    status,
    reason,
    message,
    observedGeneration,
  }));
  return {
    text,
    ready: all.find(({ type }) => type === READY),
    zones: all.filter(({ type }) => type.startsWith(ZONE)),
    since: Object.fromEntries(conditions.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])),
  };
}

export type Wanted = Pick<ObjectStatus, "text" | "zones"> & {
  readonly ready: Condition;
  /** What is not to be replaced where it is written already: it may be as true. */
  readonly alsoTrue: readonly (Pick<Condition, "status" | "reason"> & { readonly text: string })[];
};

/**
 * What is other than it should be. verdict: whether it is applied, of which generation. wording: anything else.
 * `foreign`: conditions of zones that somebody else owns, which no write of ours takes away. `isOwn`: what is written is ours.
 */
export function differenceOf(
  written: ObjectStatus,
  wanted: Wanted,
  { foreign, isOwn }: { readonly foreign: readonly string[]; readonly isOwn: boolean },
): "none" | "wording" | "verdict" {
  const { ready } = written;
  if (ready === undefined || ready.observedGeneration !== wanted.ready.observedGeneration) return "verdict";
  const says = ({ text, status, reason }: Wanted["alsoTrue"][number]): boolean =>
    written.text === text && ready.status === status && ready.reason === reason;
  const isWanted = says({ ...wanted.ready, text: wanted.text });
  // Whoever wrote it may know more of it than we do.
  if (!(isWanted && isOwn) && wanted.alsoTrue.some(says)) return "none";
  if (!isWanted) return "verdict";
  const zones = written.zones.filter(({ type }) => !foreign.includes(type));
  const isSame = ready.message === wanted.ready.message && zonesText(zones) === zonesText(wanted.zones);
  return isSame ? "none" : "wording";
}

/** Of zones that are not wanted. */
export function leftoverZones(written: ObjectStatus, wanted: Wanted): readonly string[] {
  const types = new Set(wanted.zones.map(({ type }) => type));
  return written.zones.map(({ type }) => type).filter((type) => !types.has(type));
}

/** As it is written. A condition that keeps its status keeps the time at which it got it. */
export function statusBody({ text, ready, zones }: Wanted, written: ObjectStatus, now: string): JsonObject {
  const before = new Map(
    [...(written.ready === undefined ? [] : [written.ready]), ...written.zones].map((each) => [
      each.type,
      each,
    ]),
  );
  return {
    status: text,
    conditions: [ready, ...zones].map((condition) => ({
      ...condition,
      lastTransitionTime:
        before.get(condition.type)?.status === condition.status
          ? (written.since[condition.type] ?? now)
          : now,
    })),
  };
}

function zonesText(zones: readonly Condition[]): string {
  return JSON.stringify(
    zones
      .map(({ type, status, reason, message, observedGeneration }) =>
        [type, status, reason, message, observedGeneration].join("\n"),
      )
      .toSorted(),
  );
}
