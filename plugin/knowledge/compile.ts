/**
 * EgressQoS and NetworkQoS objects of the API, parsed as manifests are. Pure. An object that is invalid keeps its last valid form,
 * so that no wrong edit takes a limit or a mark from a running pod.
 */
import { isObject, type JsonObject } from "../cni/fields.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { parseEgressQos } from "../policy/manifests/egress-qos.ts";
import { parseNetworkQos } from "../policy/manifests/network-qos.ts";
import { about, apiVersions, metaOf, type Meta } from "../policy/manifests/object.ts";
import type { KnownObject } from "./snapshot.ts";

export type ObjectKind = KnownObject["kind"];

/** Stands where the name of a file would. */
const place = "API";

/** `previous`: objects of this kind. `now`: all that the API has, as it sends them. What is not among them has been deleted. */
export function compile(
  kind: ObjectKind,
  previous: readonly KnownObject[],
  now: readonly JsonObject[],
): readonly KnownObject[] {
  const before = new Map(
    previous.filter((object) => object.kind === kind).map((each) => [keyOf(each), each]),
  );
  return now.flatMap((object) => {
    const head = headOf(object);
    return head === undefined ? [] : [compiled(kind, head, object, before.get(keyOf(head)))];
  });
}

type Head = Pick<KnownObject, "namespace" | "name" | "uid" | "generation">;

function compiled(
  kind: ObjectKind,
  head: Head,
  object: JsonObject,
  before: KnownObject | undefined,
): KnownObject {
  // An object of the same name with another UID is a new one: its predecessor was deleted.
  const same = before?.uid === head.uid ? before : undefined;
  if (same !== undefined && head.generation !== undefined && same.generation === head.generation) return same;
  // The items of a list have no kind of their own.
  const whole = { ...object, apiVersion: apiVersions[kind], kind };
  try {
    return valid(kind, head, whole);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { message: fault } = about(`${kind} ${head.namespace}/${head.name} (${place})`, error);
    if (kind === "NetworkQoS") {
      return { kind, ...head, form: same?.kind === kind ? same.form : undefined, fault };
    }
    return { kind, ...head, form: same?.kind === kind ? same.form : undefined, fault };
  }
}

function valid(kind: ObjectKind, head: Head, object: JsonObject): KnownObject {
  const meta = metaOf(object, place);
  if (kind === "NetworkQoS") return { kind, ...head, form: parseNetworkQos(object, meta) };
  refuseOtherNames(meta);
  return { kind, ...head, form: parseEgressQos(object, meta) };
}

function refuseOtherNames({ name }: Meta): void {
  if (name === "default") return;
  throw new CniError(
    ErrorCode.invalidConfig,
    'of a namespace\'s EgressQoS only the one named "default" is used',
  );
}

/** What the API always says of an object. */
function headOf({ metadata }: JsonObject): Head | undefined {
  if (!isObject(metadata)) return undefined;
  const { namespace, name, uid, generation } = metadata;
  if (typeof namespace !== "string" || typeof name !== "string" || typeof uid !== "string") return undefined;
  return { namespace, name, uid, ...(typeof generation === "number" && { generation }) };
}

function keyOf({ namespace, name }: Pick<KnownObject, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}
