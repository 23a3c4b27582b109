/** Names of Events: at most 253 characters, and such as the API takes. Pure. */
import { createHash } from "node:crypto";
import type { EventData } from "./event.ts";

/** The same words about the same object have the same name, on every node and after every start. */
export function nameByWords({ subject, reason, note }: EventData): string {
  const words = [subject.kind, subject.uid, reason, note].join("\0");
  return named(subject.name, createHash("sha256").update(words).digest("hex").slice(0, 16));
}

/** As client-go names them: what happens again is another one. */
export function nameAt({ subject }: EventData, nowMs: number): string {
  return named(subject.name, Math.round(nowMs * 1e6).toString(16));
}

function named(name: string, end: string): string {
  return `${name.slice(0, 253 - 1 - end.length).replace(/[-.]+$/, "")}.${end}`;
}
