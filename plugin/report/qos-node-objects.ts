/**
 * The objects of a QoSNode within its bounds: the API takes 1.5 MiB of an object at most, and a cluster has many nodes. What failed
 * comes first, and what there is no room for is counted. Pure.
 */
import { oneLine } from "../plain-text.ts";
import type { ObjectEntry, ObjectState, QosNodeStatus } from "./qos-node.ts";

const mostMessages = 20;
const longestMessage = 200;
/** Bytes of JSON. With the rest of the status and what the API adds it stays below 256 KiB. */
const mostBytes = 224 * 1024;

export function withinBounds(all: readonly ObjectEntry[]): Pick<QosNodeStatus, "objects" | "unlisted"> {
  const entries = all.toSorted(byState).map(withMessage);
  const fitting = howManyFit(entries);
  const rest = entries.slice(fitting);
  if (rest.length === 0) return { objects: entries };
  const count = (state: ObjectState): number => rest.filter((each) => each.state === state).length;
  return {
    objects: entries.slice(0, fitting),
    unlisted: { applied: count("applied"), pending: count("pending"), failed: count("failed") },
  };
}

const rank: Readonly<Record<ObjectState, number>> = { failed: 0, pending: 1, applied: 2 };

/** The same objects in the same states are the same list. */
function byState(a: ObjectEntry, b: ObjectEntry): number {
  return rank[a.state] - rank[b.state] || (keyOf(a) < keyOf(b) ? -1 : 1);
}

function keyOf({ kind, namespace, name, uid }: ObjectEntry): string {
  return `${kind} ${namespace}/${name} ${uid}`;
}

/** The failed ones are the first. */
function withMessage({ message, ...entry }: ObjectEntry, at: number): ObjectEntry {
  return message === undefined || at >= mostMessages ? entry : { ...entry, message: shortened(message) };
}

/** In characters, as the API counts: a half of one is none. */
function shortened(message: string): string {
  const characters = Array.from(oneLine(message));
  return characters.length > longestMessage
    ? `${characters.slice(0, longestMessage - 1).join("")}…`
    : characters.join("");
}

function howManyFit(entries: readonly ObjectEntry[]): number {
  let bytes = 0;
  const over = entries.findIndex((entry) => {
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    return bytes > mostBytes;
  });
  return over === -1 ? entries.length : over;
}
