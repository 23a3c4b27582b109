import { readFileSync } from "node:fs";
import { auditLogFile } from "../../../scripts/lab/cluster/arguments.ts";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";

/** One request, at its end. */
export type AuditEvent = {
  /** A watch is in it twice: when it began to be answered, and when it ended. */
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  /** None of a request for no object, such as /readyz. */
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  /** When it was answered, or at the stage that it is in the log with. */
  readonly stageTimestamp: string;
};

/** All requests so far, of a control plane that was started with `audit`. */
export const auditOf = ({ folder }: ControlPlane): readonly AuditEvent[] =>
  readFileSync(auditLogFile(folder), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent);
