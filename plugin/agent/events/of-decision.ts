/** What of a decision about an attachment an Event reports. Pure. */
import type { Reapplied } from "../../attachment/reapply.ts";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import { cutsOf } from "../../report/change.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import type { Cause } from "./event.ts";

/** By topic, all that is so now. Of a topic that is not there the decision says nothing: what was so may still be. */
export type Findings = { readonly [topic in "request" | "ceiling"]?: readonly Cause[] };

/** `leftFormer`: the conf has its class no more, and it is in another one now. */
export function findingsOf(came: Reapplied, { leftFormer = false } = {}): Findings {
  switch (came.kind) {
    case "same":
      return { request: rejected(came.rejected, undefined), ceiling: cutsIn(came.left) };
    case "changed":
      return {
        request: rejected(came.rejected, leftFormer ? movedInWords(came) : undefined),
        ceiling: cutsIn(came.after),
      };
    case "refused": {
      const reason = came.error.code === ErrorCode.invalidConfig ? "QoSRejected" : "QoSFailed";
      return { request: [{ reason, note: keeps(came.error) }] };
    }
    case "failed":
      return { request: [{ reason: "QoSFailed", note: keeps(came.error) }] };
    // Another process has it for a moment, or nothing can be said of it.
    case "busy":
    case "waiting":
    case "alive":
    case "hidden":
    case "incomplete":
    case "ended":
    case "gone":
      return {};
  }
}

/** Its class is named by its annotation, or was given to it by its labels: then nothing of what it asks for is wrong. */
function rejected(text: string | undefined, moved: string | undefined): readonly Cause[] {
  const note = text ?? moved;
  return note === undefined ? [] : [{ reason: "QoSRejected", note }];
}

function movedInWords({ before, after }: Extract<Reapplied, { kind: "changed" }>): string {
  const { membership } = before;
  return `the conf of network ${before.identity.network} has no class ${membership?.class} any more: it is in ${
    after.membership === undefined ? "no class" : `class ${after.membership.class}`
  }`;
}

function cutsIn(record: AttachmentRecord | undefined): readonly Cause[] {
  return record === undefined ? [] : cutsOf(record).map((note) => ({ reason: "QoSCut", note }));
}

function keeps(error: unknown): string {
  const details = error instanceof CniError && error.details !== "" ? ` (${error.details})` : "";
  return `it keeps what it has: ${messageOf(error)}${details}`;
}
