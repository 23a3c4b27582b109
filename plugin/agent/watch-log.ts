/** What following the API meets, for the log and the metrics. */
import { messageOf } from "../errors.ts";
import type { OnNotice } from "./api/following.ts";
import type { Loop } from "./context.ts";

/** What fails for the same reason again and again is logged once, each selection by itself, and counted each time. */
export function createWatchLog({ log, metrics }: Pick<Loop, "log" | "metrics">): OnNotice {
  const last = new Map<string, string>();
  return (resource, notice, selection) => {
    const name = selection === undefined ? resource : `${resource} ${selection}`;
    switch (notice.kind) {
      case "failed": {
        metrics.watchRestarts.inc({ resource, reason: notice.during });
        const text = `${name}: ${notice.during}: ${notice.message}`;
        if (last.get(name) !== text) log("warn", `${text}; next try in ${Math.ceil(notice.wait / 1000)} s`);
        last.set(name, text);
        return;
      }
      case "watching":
        if (last.delete(name)) log("info", `${name}: followed again`);
        return;
      case "threw":
        return log("error", `${name}: ${messageOf(notice.error)}`);
      case "listed":
      case "silent":
    }
  };
}
