/** The state directory, and the records in it. */
import { statSync, type Stats } from "node:fs";
import { geteuid } from "node:process";
import { lifeOf } from "../../../attachment/live.ts";
import { podOf } from "../../../report/names.ts";
import { liveDirectory } from "../../../state/live/place.ts";
import { readRecords, type Records } from "../../../state/store.ts";
import type { PodsFacts, StateFacts } from "../facts.ts";

export function stateFacts(stateDir: string): StateFacts {
  const places = [stateDir, liveDirectory(stateDir)].flatMap((path) => {
    const stat = statOf(path);
    return stat?.isDirectory() === true ? [{ path, uid: stat.uid, mode: stat.mode }] : [];
  });
  return { directory: stateDir, places, uid: geteuid?.() ?? 0, unreadable: recordsIn(stateDir).unreadable };
}

export function podsFacts(stateDir: string): PodsFacts {
  const ended = recordsIn(stateDir).records.filter((record) => lifeOf(stateDir, record) === "ended");
  return { ended: ended.map(({ pod, identity }) => ({ pod: podOf(pod), network: identity.network })) };
}

/** Where they cannot be listed, `state-directory` reports it. */
function recordsIn(stateDir: string): Records {
  try {
    return readRecords(stateDir);
  } catch {
    return { records: [], unreadable: [] };
  }
}

/** A path that leads nowhere is none. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
