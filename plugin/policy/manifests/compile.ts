/**
 * The files of a policy directory to what they say, by namespace. Pure.
 *
 * Never unlimited by accident, never cut off by a bug: what a file says wrong fails every pod that it could be about, and
 * no other. A file that cannot be read as YAML or JSON, or holds something of a kind that is not ours, may be about any pod:
 * compiling throws (code 7, file and line). An object that the API would have refused is about the pods of its namespace, and a
 * Namespace or NetworkAttachmentDefinition about those of a namespace whose policies ask for such: it is kept as a fault of that
 * namespace, which fails their ADD.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { JsonObject } from "../../cni/fields.ts";
import type { Annotations } from "../../cni/request.ts";
import { parseEgressQos } from "./egress-qos.ts";
import type { Directory, EgressQos, NamespacePolicies, NetworkQos } from "./manifest.ts";
import { parseNetworkQos } from "./network-qos.ts";
import { byRank } from "./rank.ts";
import { asksForNetworks } from "./select.ts";
import {
  about,
  inContext,
  metaOf,
  objectsOf,
  placeOf,
  refuseTwin,
  roughTitle,
  type Fault,
  type Found,
  type Meta,
} from "./object.ts";
import { compileSurroundings, concerns } from "./surroundings.ts";

export type ManifestFile = { readonly name: string; readonly documents: readonly ManifestDocument[] };
/** `fault`: why it cannot be trusted, though it can be read. */
type ManifestDocument = { readonly value: unknown; readonly fault?: string | undefined };

export function compile(files: readonly ManifestFile[]): Directory {
  const all = files.flatMap(({ name, documents }) => documents.flatMap((document) => findIn(name, document)));
  const found = all.filter((one) => "meta" in one);
  const ofKind = (...kinds: readonly Meta["kind"][]): readonly Found[] =>
    found.filter(({ meta }) => kinds.includes(meta.kind));
  const policies = Map.groupBy(ofKind("EgressQoS", "NetworkQoS"), ({ meta }) => meta.namespace);
  const around = compileSurroundings(ofKind("Namespace", "NetworkAttachmentDefinition"));
  const faults = [...all.filter((one) => "fault" in one), ...around.faults];
  const { annotations } = around;
  const names = new Set([
    ...policies.keys(),
    ...annotations.keys(),
    ...faults.map(({ namespace }) => namespace),
  ]);
  const namespaces = new Map(
    Array.from(names, (name) => [
      name,
      {
        ...compileNamespace(name, policies.get(name) ?? [], faults),
        ...annotationsOf(annotations.get(name)),
      },
    ]),
  );
  return {
    namespaces,
    selectsNetworks: [...namespaces.values()].some(({ networkQos }) =>
      networkQos.some(({ networks }) => asksForNetworks(networks)),
    ),
    surroundings: around.surroundings,
  };
}

function annotationsOf(annotations: Annotations | undefined): Pick<NamespacePolicies, "annotations"> {
  return annotations === undefined ? {} : { annotations };
}

function findIn(file: string, { value, fault }: ManifestDocument): readonly (Found | Fault)[] {
  try {
    return objectsOf(value).map((object) => foundOrFault(file, object, fault));
  } catch (error) {
    throw about(file, error);
  }
}

function foundOrFault(file: string, object: JsonObject, fault: string | undefined): Found | Fault {
  try {
    if (fault !== undefined) throw new CniError(ErrorCode.invalidConfig, fault);
    return { meta: metaOf(object, file), object };
  } catch (error) {
    const titled = about(roughTitle(object), error);
    const place = placeOf(object);
    if (place === undefined) throw titled;
    return { ...place, fault: about(file, titled).message };
  }
}

function compileNamespace(
  namespace: string,
  found: readonly Found[],
  broken: readonly Fault[],
): NamespacePolicies {
  const networkQos: NetworkQos[] = [];
  const egressQos: EgressQos[] = [];
  const warnings: string[] = [];
  const faults: string[] = [];
  const attempt = (read: () => void): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      faults.push(error.message);
    }
  };
  attempt(() => refuseTwins(found));
  for (const one of found) {
    const { meta } = one;
    if (meta.kind === "NetworkQoS") attempt(() => networkQos.push(inContext(one, parseNetworkQos)));
    else if (meta.name === "default") attempt(() => egressQos.push(inContext(one, parseEgressQos)));
    else
      warnings.push(`${meta.title} is not used: of a namespace's EgressQoS only the one named "default" is`);
  }
  const concerning = broken.filter((fault) => concerns(fault, namespace, { networkQos, egressQos }));
  return {
    networkQos: networkQos.toSorted(byRank),
    egressQos: egressQos[0],
    faults: [...concerning.map(({ fault }) => fault), ...faults],
    warnings,
  };
}

function refuseTwins(found: readonly Found[]): void {
  const seen = new Map<string, Meta>();
  for (const { meta } of found) refuseTwin(meta, seen);
}
