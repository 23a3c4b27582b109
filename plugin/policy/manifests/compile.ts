/**
 * The files of a policy directory to what they say, by namespace. Pure.
 *
 * Never unlimited by accident, never cut off by a bug: what a file says wrong fails every pod that it could be about, and
 * no other. A file that cannot be read as YAML or JSON, or holds something of a kind that is not ours, may be about any pod:
 * compiling throws (code 7, file and line). An EgressQoS or NetworkQoS that the API would have refused is about the pods of
 * its namespace: it is kept as a fault of that namespace, which fails their ADD.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { JsonObject } from "../../cni/fields.ts";
import { parseEgressQos } from "./egress-qos.ts";
import type { Directory, EgressQos, Nad, Namespace, NamespacePolicies, NetworkQos } from "./manifest.ts";
import { networkOf } from "./nad.ts";
import { parseNetworkQos } from "./network-qos.ts";
import { byRank } from "./rank.ts";
import { asksForNetworks } from "./select.ts";
import { about, metaOf, namespaceOfPolicy, objectsOf, roughTitle, type Meta } from "./object.ts";

export type ManifestFile = { readonly name: string; readonly documents: readonly ManifestDocument[] };
/** `fault`: why it cannot be trusted, though it can be read. */
type ManifestDocument = { readonly value: unknown; readonly fault?: string | undefined };

type Found = { readonly meta: Meta; readonly object: JsonObject };
type Fault = { readonly namespace: string; readonly fault: string };

export function compile(files: readonly ManifestFile[]): Directory {
  const all = files.flatMap(({ name, documents }) => documents.flatMap((document) => findIn(name, document)));
  const found = all.filter((one) => "meta" in one);
  const faults = Map.groupBy(
    all.filter((one) => "fault" in one),
    ({ namespace }) => namespace,
  );
  const ofKind = (...kinds: readonly Meta["kind"][]): readonly Found[] =>
    found.filter(({ meta }) => kinds.includes(meta.kind));
  const policies = Map.groupBy(ofKind("EgressQoS", "NetworkQoS"), ({ meta }) => meta.namespace);
  const surroundings = ofKind("Namespace", "NetworkAttachmentDefinition");
  refuseTwins(surroundings);
  const names = new Set([...policies.keys(), ...faults.keys()]);
  const namespaces = new Map(
    Array.from(names, (name) => [name, compileNamespace(policies.get(name) ?? [], faults.get(name) ?? [])]),
  );
  return {
    namespaces,
    selectsNetworks: [...namespaces.values()].some(({ networkQos }) =>
      networkQos.some(({ networks }) => asksForNetworks(networks)),
    ),
    surroundings: {
      namespaces: ofKind("Namespace").map(({ meta: { name, labels } }): Namespace => ({ name, labels })),
      nads: ofKind("NetworkAttachmentDefinition").map(toNad),
    },
  };
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
    const told = about(roughTitle(object), error);
    const namespace = namespaceOfPolicy(object);
    if (namespace === undefined) throw told;
    return { namespace, fault: about(file, told).message };
  }
}

function compileNamespace(found: readonly Found[], unreadable: readonly Fault[]): NamespacePolicies {
  const networkQos: NetworkQos[] = [];
  const egressQos: EgressQos[] = [];
  const warnings: string[] = [];
  const faults = unreadable.map(({ fault }) => fault);
  const attempt = (read: () => void): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      faults.push(error.message);
    }
  };
  attempt(() => refuseTwins(found));
  for (const { meta, object } of found) {
    if (meta.kind === "NetworkQoS") attempt(() => networkQos.push(inContext(meta, object, parseNetworkQos)));
    else if (meta.name === "default") attempt(() => egressQos.push(inContext(meta, object, parseEgressQos)));
    else
      warnings.push(`${meta.title} is not used: of a namespace's EgressQoS only the one named "default" is`);
  }
  return { networkQos: networkQos.toSorted(byRank), egressQos: egressQos[0], faults, warnings };
}

function inContext<Parsed>(
  meta: Meta,
  object: JsonObject,
  parse: (object: JsonObject, meta: Meta) => Parsed,
): Parsed {
  try {
    return parse(object, meta);
  } catch (error) {
    throw about(`${meta.file}: ${meta.shortTitle}`, error);
  }
}

function toNad({ meta, object }: Found): Nad {
  const { namespace, name, labels } = meta;
  return { namespace, name, labels, network: inContext(meta, object, networkOf) };
}

/** The API has one object of a name; of two in a directory nobody could say which one counts. */
function refuseTwins(found: readonly Found[]): void {
  const seen = new Map<string, Meta>();
  for (const { meta } of found) {
    const twin = seen.get(meta.shortTitle);
    if (twin !== undefined) {
      throw new CniError(
        ErrorCode.invalidConfig,
        `${meta.file}: ${meta.shortTitle} is in ${twin.file === meta.file ? "it twice" : `${twin.file} as well`}: ` +
          `delete one of the two`,
      );
    }
    seen.set(meta.shortTitle, meta);
  }
}
