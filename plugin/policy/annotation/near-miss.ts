/** Annotation keys that were meant for us and miss by a letter. Pure. */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Annotations, Pod } from "../../cni/request.ts";
import { ceilingKeys, ofNamespace, ownKeys } from "./annotations.ts";

const keys: readonly string[] = [
  "kubernetes.io/ingress-bandwidth",
  "kubernetes.io/egress-bandwidth",
  ...[...ownKeys, ...ceilingKeys].map((key) => `pod-qos/${key}`),
];

/**
 * Our own prefix in other letters is an error: no one else writes it. What resembles a key of kubernetes.io or of ours
 * otherwise is in a namespace that is not ours, so it is let pass and told.
 */
export function nearMisses(annotations: Annotations, whose = ""): readonly string[] {
  return Object.keys(annotations).flatMap((key) => {
    refuseOtherSpelling(key, whose);
    const meant = isKey(key) ? undefined : nearest(key);
    return meant === undefined
      ? []
      : [`annotation ${key}${whose} is not one that limits anything: did you mean ${meant}?`];
  });
}

/** On a Namespace the pair of kubernetes.io says nothing. */
export function namespaceMisses(pod: Pod): readonly string[] {
  const { namespaceAnnotations: annotations = {} } = pod;
  const pair = Object.keys(annotations).filter((key) => key.startsWith("kubernetes.io/") && isKey(key));
  return [
    ...nearMisses(annotations, ofNamespace(pod)),
    ...pair.map(
      (key) =>
        `annotation ${key}${ofNamespace(pod)} is not one that limits anything: did you mean ${key.replace("kubernetes.io/", "pod-qos/")}?`,
    ),
  ];
}

/** Of a Namespace's annotations those that are kept: ours, and what was meant to be. */
export function isForNamespace(key: string): boolean {
  return isKey(key) || isNearMiss(key);
}

/** What the function above would speak of. */
export function isNearMiss(key: string): boolean {
  return otherSpelling.test(key) || (!isKey(key) && nearest(key) !== undefined);
}

const otherSpelling = /^(?:(.+)\.)?(pod[-_ ]?qos)\/(.*)$/is;

function refuseOtherSpelling(key: string, whose: string): void {
  const [, ifname, prefix, name] = otherSpelling.exec(key) ?? [];
  if (prefix === undefined || prefix === "pod-qos") return;
  const meant = `${ifname === undefined ? "" : `${ifname}.`}pod-qos/${name}`;
  throw new CniError(
    ErrorCode.invalidConfig,
    `annotation ${key}${whose} is not known: our prefix is "pod-qos/", did you mean ${meant}?`,
  );
}

/** Which of ours there are is for those who read them to say. */
function isKey(key: string): boolean {
  return keys.includes(key) || /^(?:[^/]+\.)?pod-qos\//.test(key);
}

/** Letters wrong, missing or too many. */
const farthest = 2;

function nearest(key: string): string | undefined {
  const lowered = key.toLowerCase();
  // "net1.pod-qso/dscp", "pod-qos.io/dscp"
  const withoutInterface = lowered.replace(/^[^/]*\.(?=[^./]*\/)/, "");
  const withoutDomain = lowered.replace(/^(pod-qos)\.[^/]*/, "$1");
  const near = keys
    .map((known) => ({
      known,
      off: Math.min(...[lowered, withoutInterface, withoutDomain].map((form) => distance(form, known))),
    }))
    .filter(({ off }) => off <= farthest);
  return near.toSorted((a, b) => a.off - b.off)[0]?.known;
}

function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > farthest) return Infinity;
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
