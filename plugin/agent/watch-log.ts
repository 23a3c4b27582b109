/** What following the API meets, for the log and the metrics. */
import { messageOf } from "../errors.ts";
import type { Notice } from "../kube/follow.ts";
import type { FollowedName } from "./api/resource-update.ts";
import type { Loop } from "./context.ts";

/** What fails for the same reason again and again is logged once, and counted each time. */
export function createWatchLog({
  log,
  metrics,
}: Pick<Loop, "log" | "metrics">): (resource: FollowedName, notice: Notice) => void {
  const last = new Map<FollowedName, string>();
  return (resource, notice) => {
    switch (notice.kind) {
      case "failed": {
        metrics.watchRestarts.inc({ resource, reason: notice.during });
        const text = `${resource}: ${notice.during}: ${notice.message}`;
        if (last.get(resource) !== text)
          log("warn", `${text}; next try in ${Math.ceil(notice.wait / 1000)} s`);
        last.set(resource, text);
        return;
      }
      case "watching":
        if (last.delete(resource)) log("info", `${resource}: followed again`);
        return;
      case "threw":
        return log("error", `${resource}: ${messageOf(notice.error)}`);
      case "listed":
      case "silent":
    }
  };
}
