/** The list `plugins` of a conflist as text: what is put in or taken out leaves every other byte as it is. Pure. */
import { memberSpan, type Span } from "../../cni/raw.ts";

/** Of each plugin, without the blanks around it. The text is a conflist, as readChain has found. */
export function pluginSpans(text: string): readonly Span[] {
  const list = memberSpan(text, "plugins");
  return list === undefined ? [] : elements(text, list);
}

/** The text with one more plugin at the end of the list, written in the manner of the others. */
export function withPlugin(text: string, plugin: object): string {
  const spans = pluginSpans(text);
  const last = spans.at(-1);
  if (last === undefined) throw new Error("a list without plugins has no place for another");
  const gap = gapBefore(text, spans);
  return text.slice(0, last.end) + gap + written(plugin, gap) + text.slice(last.end);
}

/** The text without the plugins that are named; undefined where none would be left. */
export function withoutPlugins(text: string, isOut: (at: number) => boolean): string | undefined {
  const spans = pluginSpans(text);
  const kept = spans.flatMap((_, at) => (isOut(at) ? [] : [at]));
  const [first, last] = [spans[0], spans.at(-1)];
  if (kept.length === 0 || first === undefined || last === undefined) return undefined;
  const pieces = kept.map((at, place) => {
    const [span, before] = [spans[at], spans[at - 1]];
    const gap =
      place === 0 || before === undefined || span === undefined ? "" : text.slice(before.end, span.start);
    return gap + text.slice(span?.start, span?.end);
  });
  return text.slice(0, first.start) + pieces.join("") + text.slice(last.end);
}

/** The text of an object with one more member in front. */
export function withFirstMember(text: string, key: string, value: object): string {
  const open = text.indexOf("{") + 1;
  const gap = /^\s*/.exec(text.slice(open))?.[0] ?? "";
  const isEmpty = text.slice(open + gap.length).startsWith("}");
  const member = `${gap}${JSON.stringify(key)}: ${JSON.stringify(value)}${isEmpty ? "" : ","}`;
  return text.slice(0, open) + member + text.slice(open);
}

/** Between two plugins: as between the last two, or as before the only one. */
function gapBefore(text: string, spans: readonly Span[]): string {
  const [before, last] = [spans.at(-2), spans.at(-1)];
  if (last === undefined) return ",";
  if (before !== undefined) return text.slice(before.end, last.start);
  return `,${/\s*$/.exec(text.slice(0, last.start))?.[0] ?? ""}`;
}

/** On lines of its own where the others are, with their indent and their end of line. */
function written(plugin: object, gap: string): string {
  const at = gap.lastIndexOf("\n");
  if (at < 0) return JSON.stringify(plugin);
  const indent = gap.slice(at + 1);
  const endOfLine = gap[at - 1] === "\r" ? "\r\n" : "\n";
  return JSON.stringify(plugin, null, indent.includes("\t") ? "\t" : 2).replaceAll("\n", endOfLine + indent);
}

function elements(text: string, list: Span): readonly Span[] {
  const part = text.slice(list.start, list.end);
  const found: Span[] = [];
  let depth = 0;
  let start = -1;
  for (const { 0: token, index } of part.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g)) {
    const ends = depth === 1 && (token === "," || token === "]");
    if (ends && part.slice(start, index).trim() !== "")
      found.push(trimmed(part, { start, end: index }, list.start));
    if (token === "{" || token === "[") depth += 1;
    if (token === "}" || token === "]") depth -= 1;
    if ((depth === 1 && token === "[") || ends) start = index + 1;
  }
  return found;
}

function trimmed(part: string, { start, end }: Span, offset: number): Span {
  const text = part.slice(start, end);
  const from = start + text.length - text.trimStart().length;
  return { start: offset + from, end: offset + from + text.trim().length };
}
