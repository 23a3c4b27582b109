/** Annotation keys that were meant for us and miss by a letter. Pure. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Annotations } from "../cni/request.ts";

const kubernetesKeys = ["kubernetes.io/ingress-bandwidth", "kubernetes.io/egress-bandwidth"];

/**
 * Our own prefix in other letters is an error: no one else writes it. What resembles a key of kubernetes.io is in a
 * namespace that is not ours, so it is let pass and told.
 */
export function nearMisses(annotations: Annotations): readonly string[] {
  return Object.keys(annotations).flatMap((key) => {
    refuseOtherSpelling(key);
    const meant = kubernetesKeys.includes(key) ? undefined : nearest(key);
    return meant === undefined
      ? []
      : [`annotation ${key} is not one that limits anything: did you mean ${meant}?`];
  });
}

function refuseOtherSpelling(key: string): void {
  const [, ifname, prefix, name] = /^(?:(.+)\.)?(pod[-_ ]?qos)\/(.*)$/is.exec(key) ?? [];
  if (prefix === undefined || prefix === "pod-qos") return;
  const meant = `${ifname === undefined ? "" : `${ifname}.`}pod-qos/${name}`;
  throw new CniError(
    ErrorCode.invalidConfig,
    `annotation ${key} is not known: our prefix is "pod-qos/", did you mean ${meant}?`,
  );
}

/** Letters wrong, missing or too many. */
const farthest = 2;

function nearest(key: string): string | undefined {
  const lowered = key.toLowerCase();
  const near = kubernetesKeys
    .filter((known) => Math.abs(known.length - key.length) <= farthest)
    .map((known) => ({ known, off: distance(lowered, known) }))
    .filter(({ off }) => off <= farthest);
  return near.toSorted((a, b) => a.off - b.off)[0]?.known;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const swap = (row[j] ?? 0) + (letter === b[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
