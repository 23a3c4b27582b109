/** What following a resource meets, for the log: what fails for the same reason again and again is said once. */
import { messageOf } from "../errors.ts";
import type { Notice } from "../kube/follow.ts";
import type { Log } from "../log.ts";

export function createNoticeLog(log: Log, resource: string): (notice: Notice) => void {
  let last: string | undefined;
  return (notice) => {
    switch (notice.kind) {
      case "failed": {
        const text = `${resource}: ${notice.during}: ${notice.message}`;
        if (text !== last) log("warn", `${text}; next try in ${Math.ceil(notice.wait / 1000)} s`);
        last = text;
        return;
      }
      case "watching":
        if (last !== undefined) log("info", `${resource}: followed again`);
        last = undefined;
        return;
      case "threw":
        return log("error", `${resource}: ${messageOf(notice.error)}`);
      case "listed":
      case "silent":
    }
  };
}
