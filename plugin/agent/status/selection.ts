/** Which objects of the API select an attachment, by what is known now. Pure. */
import type { Labels } from "../../cni/request.ts";
import type { KnownObject } from "../../knowledge/snapshot.ts";
import { select } from "../../policy/manifests/select.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import type { ApiView } from "../view/view.ts";
import type { Has } from "./standings.ts";

export function selecting(
  view: ApiView,
  { identity, asked }: AttachmentRecord,
  labels: Labels | undefined,
): readonly KnownObject[] {
  const { namespace, name } = asked ?? {};
  const objects = namespace === undefined ? undefined : byNamespace(view).get(namespace);
  if (objects === undefined) return [];
  const { network, ifname } = identity;
  const [egressQos] = objects.flatMap((object) => (object.kind === "EgressQoS" ? (object.form ?? []) : []));
  const networkQos = objects.flatMap((object) =>
    object.kind === "NetworkQoS" && object.form !== undefined ? [{ ...object.form, object }] : [],
  );
  const selected = select(
    { networkQos, egressQos, faults: [], warnings: [] },
    view.objects.surroundings(network),
    { pod: { namespace, name, labels }, network, ifname },
  );
  const isMarked = selected.egressQos.length > 0;
  return [
    ...selected.networkQos.map(({ object }) => object),
    ...objects.filter((object) => isMarked && object.kind === "EgressQoS" && object.form === egressQos),
  ];
}

export function idOf({ kind, namespace, name, uid }: KnownObject): string {
  return `${kind} ${namespace}/${name} ${uid}`;
}

/** `addressless`: rules that have not all addresses yet, by their source. Of their objects it has something, and no generation. */
export function hasOf(objects: readonly KnownObject[], addressless: readonly string[] = []): Has {
  const isPart = ({ kind, namespace, name }: KnownObject): boolean =>
    addressless.some((source) => source.startsWith(`${kind} ${namespace}/${name} `));
  return new Map(objects.map((object) => [idOf(object), isPart(object) ? inPart : (object.generation ?? 0)]));
}

const inPart = -1;

/** Those that are ours to apply, and have not gone with their namespace. */
export function ownObjects({ snapshot: { objects, resources } }: ApiView): readonly KnownObject[] {
  const isOff = { EgressQoS: resources.egressqoses, NetworkQoS: resources.networkqoses };
  return objects.filter(({ kind, keptFor }) => keptFor === undefined && isOff[kind].state !== "off");
}

type ByNamespace = ReadonlyMap<string, readonly KnownObject[]>;

/** The view of one moment is asked for each attachment. */
const grouped = new WeakMap<ApiView, ByNamespace>();

function byNamespace(view: ApiView): ByNamespace {
  const known = grouped.get(view) ?? Map.groupBy(ownObjects(view), ({ namespace }) => namespace);
  grouped.set(view, known);
  return known;
}
