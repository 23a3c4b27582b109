/** The conf that a NetworkAttachmentDefinition gives an attachment. Pure. */
import { readLeniently } from "../../cni/conf.ts";
import { parseConflist } from "../../cni/conflist.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import type { KnownNetwork } from "../../knowledge/snapshot.ts";
import { makesFirstOf } from "../../policy/manifests/select.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import type { ApiView } from "./view.ts";

/**
 * undefined where it is not certain which definition made the attachment (several namespaces may define a network of one name),
 * and where that one is broken, has no pod-qos in it, or has its records in another state directory.
 */
export function definedConfOf(
  view: ApiView,
  record: Pick<AttachmentRecord, "identity" | "asked">,
): JsonObject | undefined {
  const makers = makersOf(view, record);
  const [maker] = makers;
  const entry = maker === undefined || makers.length > 1 ? undefined : entryIn(maker);
  if (entry === undefined) return undefined;
  return readLeniently(entry).stateDir === readLeniently(record.asked?.conf ?? entry).stateDir
    ? entry
    : undefined;
}

/** Multus writes onto the pod which definition made which interface; until then all that come into question. */
function makersOf(
  { snapshot, pods }: ApiView,
  { identity, asked }: Pick<AttachmentRecord, "identity" | "asked">,
): readonly KnownNetwork[] {
  const named = snapshot.networks.filter(({ network }) => network === identity.network);
  const pod = asked?.uid === undefined ? undefined : pods.get(asked.uid);
  const maker = makerIn(pod?.annotations["k8s.v1.cni.cncf.io/network-status"], identity.ifname);
  return maker === undefined
    ? named.filter(({ namespace }) => makesFirstOf({ namespace: asked?.namespace }, namespace))
    : named.filter(({ namespace, name }) => `${namespace}/${name}` === maker);
}

/** "namespace/name", or the name of a network that no definition made. */
function makerIn(status: string | undefined, ifname: string): string | undefined {
  if (status === undefined) return undefined;
  try {
    const networks: unknown = JSON.parse(status);
    const own = Array.isArray(networks)
      ? networks.filter(isObject).find((network) => network["interface"] === ifname)
      : undefined;
    return typeof own?.["name"] === "string" ? own["name"] : undefined;
  } catch {
    return undefined;
  }
}

function entryIn({ conf }: KnownNetwork): JsonObject | undefined {
  try {
    return parseConflist(conf)?.entry;
  } catch {
    return undefined;
  }
}
