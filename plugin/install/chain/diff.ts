/** What a change does to a file, as `diff -u` shows it. Pure. */
import type { Change } from "./model.ts";

export function diffOf({ file, former, text }: Change): string {
  const [before, now] = [linesOf(former), linesOf(text)];
  const same = Math.min(before.length, now.length);
  let head = 0;
  while (head < same && before[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < same - head && before.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const from = Math.max(0, head - context);
  const after = Math.min(tail, context);
  const [out, put] = [before.slice(head, before.length - tail), now.slice(head, now.length - tail)];
  const shown = [
    ...before.slice(from, head).map((line) => ` ${line}`),
    ...out.map((line) => `-${line}`),
    ...put.map((line) => `+${line}`),
    ...before.slice(before.length - tail, before.length - tail + after).map((line) => ` ${line}`),
  ];
  const length = head - from + after;
  return [
    `--- ${former === undefined ? "/dev/null" : file}`,
    `+++ ${text === undefined ? "/dev/null" : file}`,
    `@@ -${place(from, out.length + length)} +${place(from, put.length + length)} @@`,
    ...shown,
  ].join("\n");
}

const context = 3;

/** patch wants line 0 of an empty side. */
function place(from: number, length: number): string {
  return length === 0 ? "0,0" : `${from + 1},${length}`;
}

/** A last line without an end says so, as diff does. */
function linesOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === "") return [];
  if (!text.endsWith("\n")) return `${text}\n\\ No newline at end of file`.split("\n");
  return text.slice(0, -1).split("\n");
}
