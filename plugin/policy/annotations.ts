/** The annotations of our own prefix: which exist, which one speaks for an interface, what is refused. Pure. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Annotations } from "../cni/request.ts";

export const ownKeys = [
  "ingress-bandwidth",
  "egress-bandwidth",
  "ingress-burst",
  "egress-burst",
  "discipline",
  "dscp",
  "egress",
  "class",
] as const;
export type OwnKey = (typeof ownKeys)[number];

/** An annotation with the full key it was found under, so that an error can name it as it stands in the pod's manifest. */
export type Found = { readonly key: string; readonly text: string };
export type Wishes = Readonly<Partial<Record<OwnKey, Found>>>;

/** Every annotation of ours, per key the one that speaks for this interface: `net1.pod-qos/dscp` before `pod-qos/dscp`. */
export function wishesFor(ifname: string, annotations: Annotations): Wishes {
  const plain: Partial<Record<OwnKey, Found>> = {};
  const specific: Partial<Record<OwnKey, Found>> = {};
  for (const annotation of ownAnnotations(annotations)) {
    if (annotation.ifname === undefined) plain[annotation.name] = annotation;
    if (annotation.ifname === ifname) specific[annotation.name] = annotation;
  }
  return { ...plain, ...specific };
}

type OwnAnnotation = Found & { readonly ifname: string | undefined; readonly name: OwnKey };

/** All of them, those for other interfaces too: a typo there is found when the pod starts, not when its net1 is plugged. */
export function ownAnnotations(annotations: Annotations): readonly OwnAnnotation[] {
  return Object.entries(annotations).flatMap(([key, text]) => {
    const parts = /^(?:([^/]+)\.)?pod-qos\/(.*)$/s.exec(key);
    if (parts === null) return [];
    const [, ifname, name = ""] = parts;
    return [{ key, text, ifname, name: knownKey(key, name) }];
  });
}

function knownKey(key: string, name: string): OwnKey {
  const known = ownKeys.find((own) => own === name);
  if (known !== undefined) return known;
  throw new CniError(
    ErrorCode.invalidConfig,
    `annotation ${key} is not known: pod-qos/ has ${ownKeys.join(", ")}`,
  );
}
