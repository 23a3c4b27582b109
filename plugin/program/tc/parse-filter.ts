/** A filter line of `tc -d`, its actions joined to it: ours as an object, and of anybody's the place it takes. Pure. */
import { policeMtu, policeVerdict, type Hook, type Matcher, type ObservedFilter } from "./objects.ts";
import { bytes, bytesPerSecond, word } from "./units.ts";

/** cls_u32 lists its hash table and node as lines of their own; the one with the action is the filter. */
export function parseFilter(dev: string, hook: Hook, line: string): readonly ObservedFilter[] {
  const matcher: Matcher = line.includes(" u32 ") ? "u32" : "matchall";
  const selects = selectiveness(line);
  const common = {
    dev,
    hook,
    pref: parseInt(word(line, "pref"), 10),
    matcher,
    ...(selects.length === 0 ? {} : { isForeign: true as const }),
  };
  const selective = [...selects, ...actionDeviations(line)];
  const redirect = /mirred \(Egress Redirect to device (\S+)\)/.exec(line)?.[1];
  if (redirect !== undefined)
    return [{ kind: "redirect", ...common, to: redirect, ...withDeviations(selective) }];
  if (!/ police 0x[0-9a-f]+ /.test(line)) return [];
  return [
    {
      kind: "police",
      ...common,
      rate: bytesPerSecond(word(line, "rate")),
      burst: bytes(word(line, "burst")),
      ...withDeviations([...selective, ...policerDeviations(line)]),
    },
  ];
}

export function withDeviations(deviations: readonly string[]): { readonly deviations?: readonly string[] } {
  return deviations.length === 0 ? {} : { deviations };
}

/** Ours take every packet. */
function selectiveness(line: string): readonly string[] {
  const [, protocol = "", kind = ""] = /^filter protocol (\S+) pref \d+ (\S+)/.exec(line) ?? [];
  const keys = [...line.matchAll(/ match ([0-9a-f]{8})\/([0-9a-f]{8}) at \S+/g)];
  return [
    ...(protocol === "all" ? [] : [`it takes protocol ${protocol} only`]),
    ...(kind === "u32" || kind === "matchall" ? [] : [`its classifier is ${kind}`]),
    ...keys.filter(([, , mask]) => mask !== "00000000").map(([text]) => `it takes only what has${text}`),
  ];
}

/** Ours do one thing: what another action does before it, or instead of it, is not what was asked for. */
function actionDeviations(line: string): readonly string[] {
  const actions = actionsOf(line);
  return actions.length === 1 ? [] : [`it has ${actions.length} actions`];
}

export function actionsOf(line: string): readonly string[] {
  return line.split(/\baction order \d+:/).slice(1);
}

/** Ours drop what exceeds, pass the rest on, and take packets of any length. */
function policerDeviations(line: string): readonly string[] {
  const verdict = / action (\S+) overhead /.exec(line)?.[1] ?? policeVerdict;
  const mtu = bytes(word(line, "mtu"));
  return [
    ...(verdict === policeVerdict ? [] : [`its verdict is ${verdict}`]),
    ...(mtu < policeMtu ? [`it drops packets above ${mtu} bytes`] : []),
  ];
}

export type ForeignFilter = {
  readonly dev: string;
  readonly hook: Hook;
  readonly pref: number;
  readonly text: string;
};

export function anyFilter(dev: string, hook: Hook, line: string): ForeignFilter {
  return { dev, hook, pref: parseInt(word(line, "pref"), 10), text: line.trim() };
}

/** It takes every packet and lets none go on to what stands behind it. */
export function endsWalk({ text }: ForeignFilter): boolean {
  return takesAll(text) && !goesOn(text);
}

/** The line of the filter itself, not of its classifier or hash table. bypass/ says what other classifiers may let by. */
function takesAll(line: string): boolean {
  const isFilter = / matchall .*\bhandle /.test(line) || / u32 .* match 0/.test(line);
  return isFilter && selectiveness(line).length === 0;
}

/**
 * "continue" is the one verdict behind which the next filter is asked, for what conforms if not for all. Behind "pipe" it is
 * the filter's next action.
 */
function goesOn(line: string): boolean {
  const last = actionsOf(line).find((action) => !/\bpipe\b/.test(action));
  return last !== undefined && /\bcontinue\b/.test(last);
}
