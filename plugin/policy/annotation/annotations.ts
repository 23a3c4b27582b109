/** The annotations of our own prefix: which exist, which one speaks for an interface, what is refused. Pure. */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Annotations, Pod } from "../../cni/request.ts";

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

/** The most that pods of a namespace may have: keys of a Namespace alone. */
export const ceilingKeys = ["max-ingress-bandwidth", "max-egress-bandwidth"] as const;
export type CeilingKey = (typeof ceilingKeys)[number];

/** An annotation with the full key it was found under, so that an error can name it as it stands in the manifest. */
export type Found = {
  readonly key: string;
  readonly text: string;
  /** `annotation pod-qos/dscp`, `annotation pod-qos/dscp of namespace prod` */
  readonly field: string;
};
export type InterfaceAnnotations = Readonly<Partial<Record<OwnKey, Found>>>;
export type NamespaceAnnotations = Readonly<Partial<Record<OwnKey | CeilingKey, Found>>>;

/** Every annotation of ours, per key the one that speaks for this interface: `net1.pod-qos/dscp` before `pod-qos/dscp`. */
export function annotationsFor(ifname: string, annotations: Annotations): InterfaceAnnotations {
  return speakingFor(ifname, ownAnnotations(annotations));
}

/** The same of the pod's namespace: its defaults, and the ceilings. */
export function namespaceAnnotationsFor(ifname: string, pod: Pod): NamespaceAnnotations {
  return speakingFor(ifname, namespaceAnnotations(pod));
}

type Annotation<Key> = Found & { readonly ifname: string | undefined; readonly name: Key };

/** All of them, those for other interfaces too: a typo there is found when the pod starts, not when its net1 is plugged. */
export function ownAnnotations(annotations: Annotations): readonly Annotation<OwnKey>[] {
  return annotationsIn(annotations, ownKeys, "");
}

export function namespaceAnnotations(pod: Pod): readonly Annotation<OwnKey | CeilingKey>[] {
  const { namespaceAnnotations: annotations } = pod;
  return annotations === undefined
    ? []
    : annotationsIn(annotations, [...ownKeys, ...ceilingKeys], ofNamespace(pod));
}

/** Put behind what a message says of an annotation. */
export function ofNamespace({ namespace = "" }: Pod): string {
  return ` of namespace ${namespace}`;
}

function annotationsIn<Key extends string>(
  annotations: Annotations,
  keys: readonly Key[],
  whose: string,
): readonly Annotation<Key>[] {
  return Object.entries(annotations).flatMap(([key, text]) => {
    const parts = /^(?:([^/]+)\.)?pod-qos\/(.*)$/s.exec(key);
    if (parts === null) return [];
    const [, ifname, name = ""] = parts;
    const field = `annotation ${key}${whose}`;
    return [{ key, text, field, ifname, name: knownKey(keys, field, name) }];
  });
}

function knownKey<Key extends string>(keys: readonly Key[], field: string, name: string): Key {
  const known = keys.find((own) => own === name);
  if (known !== undefined) return known;
  const isCeiling = ceilingKeys.some((key) => key === name);
  const hint = isCeiling ? "it is for a Namespace; on a pod " : "";
  throw new CniError(
    ErrorCode.invalidConfig,
    `${field} is not known: ${hint}pod-qos/ has ${keys.join(", ")}`,
  );
}

function speakingFor<Key extends string>(
  ifname: string,
  annotations: readonly Annotation<Key>[],
): Readonly<Partial<Record<Key, Found>>> {
  const plain: Partial<Record<Key, Found>> = {};
  const specific: Partial<Record<Key, Found>> = {};
  for (const annotation of annotations) {
    if (annotation.ifname === undefined) plain[annotation.name] = annotation;
    if (annotation.ifname === ifname) specific[annotation.name] = annotation;
  }
  return { ...plain, ...specific };
}
