/** What is followed of QoSNodes: the reports, and which agents are live. */
import type { JsonObject } from "../cni/fields.ts";
import type { Change, Notice } from "../kube/follow.ts";
import { createRenewalMemory, type RenewalMemory } from "./renewal-memory.ts";
import { createReportMemo, type QosNodeReport, type ReportMemo } from "./report-memo.ts";
import { isRenewalAlone, type Newest, type Report } from "./reports.ts";

export type ReportSource = Pick<ReportMemo, "trim"> &
  Pick<RenewalMemory, "keepTime" | "isCutOff" | "untilNextMs"> & {
    /** Whether it makes a difference to any object. */
    readonly take: (items: Iterable<JsonObject>, changes: readonly Change[], newest: Newest) => boolean;
    readonly note: (notice: Notice, silenceMs: number) => void;
    /** undefined before the first list. */
    readonly qosNodes: () => readonly QosNodeReport[] | undefined;
    readonly at: (nowMs: number) => readonly Report[];
  };

export function createReportSource(silentAfterMs: number): ReportSource {
  let qosNodes: readonly QosNodeReport[] | undefined;
  const renewals = createRenewalMemory(silentAfterMs);
  const memo = createReportMemo();
  const isNews = (change: Change, newest: Newest, nowMs: number): boolean => {
    if (change.kind !== "changed") return true;
    const [was, is] = [memo.of(change.was), memo.of(change.is)];
    if (was?.status === undefined || is?.status === undefined) return true;
    return !renewals.isLive(is.uid, nowMs) || !isRenewalAlone(was.status, is.status, newest);
  };
  return {
    trim: memo.trim,
    keepTime: renewals.keepTime,
    isCutOff: renewals.isCutOff,
    untilNextMs: renewals.untilNextMs,
    take: (items, changes, newest) => {
      const nowMs = performance.now();
      const hasNews = changes.some((change) => isNews(change, newest, nowMs));
      qosNodes = [...items].flatMap((item) => memo.of(item) ?? []);
      renewals.see(qosNodes, nowMs);
      return hasNews;
    },
    note: (notice, silenceMs) => renewals.note(notice, performance.now(), silenceMs),
    qosNodes: () => qosNodes,
    at: (nowMs) => renewals.reportsOf(qosNodes ?? [], nowMs),
  };
}
