/** What an Event of the Kubernetes API reports, as data. Pure. */
import type { KnownPod } from "../../knowledge/pod.ts";
import type { KnownObject } from "../../knowledge/snapshot.ts";

/** docs/events.md says what each means. All are warnings: what is well is not reported. */
export const reasons = ["QoSNotApplied", "QoSRejected", "QoSCut", "QoSFailed", "QoSDrift"] as const;
export type Reason = (typeof reasons)[number];

export type Cause = { readonly reason: Reason; readonly note: string };

/** Whom it is about. */
export type Subject = {
  readonly apiVersion: string;
  readonly kind: "Pod" | KnownObject["kind"];
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
};

export type EventData = Cause & {
  readonly subject: Subject;
  /** It happened. Else it is so: an Event that says the same already is as good. */
  readonly isHappening?: boolean;
};

export function podSubject({ namespace, name, uid }: KnownPod): Subject {
  return { apiVersion: "v1", kind: "Pod", namespace, name, uid };
}
