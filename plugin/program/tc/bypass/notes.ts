/** What is no fault but should be known of a hook: in words, and how loud. Pure. */
import type { Note } from "../../handler.ts";
import { filterBefore } from "../drift.ts";
import { describeTc, type TcFilter, type TcObject } from "../objects.ts";
import type { ObservedDevice } from "../parse.ts";
import { bypassOf, isAlone, quoted, type Bypass } from "./bypass.ts";

export function tcNotes(wanted: readonly TcObject[], seen: readonly ObservedDevice[]): readonly Note[] {
  return wanted.flatMap((object) => {
    const device = seen.find(({ dev }) => dev === object.dev);
    if (device === undefined || !("hook" in object) || filterBefore(object, device) !== undefined) return [];
    const bypass = bypassOf(object, device);
    return bypass === undefined ? [] : [noteOf(object, bypass)];
  });
}

function noteOf(object: TcFilter, { extent, filters }: Bypass): Note {
  const beside = `${describeTc(object)}: what others' filters take before it passes beside it: ${quoted(filters)}`;
  if (extent === "little") return { level: "info", text: beside };
  const meaning = isAlone(object)
    ? `the pod is not limited for that; let them end with "continue", or take "discipline": "police" out`
    : "the pod is limited for that only by the shaper in its own namespace, which a container with NET_ADMIN can take away";
  return { level: "warn", text: `${beside}; ${meaning}` };
}
