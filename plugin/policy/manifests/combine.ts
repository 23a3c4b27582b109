/**
 * The policies of a namespace from two places, as one: those of the Kubernetes API and those of a policy directory, in the one
 * order of both. Pure. An object that both have is the API's, also where what the API has cannot be applied.
 */
import { byRank } from "./rank.ts";
import type { Nad, Namespace, Surroundings } from "./manifest.ts";
import type { ListedPolicies, PolicySource } from "./source.ts";

/** What of a namespace the API has by name, whether or not it can be applied: `NetworkQoS video`. */
export type ApiPolicies = ListedPolicies & { readonly has: readonly string[] };

export type ApiSource = Omit<PolicySource, "policies"> & {
  readonly policies: (namespace: string) => ApiPolicies | undefined;
};

export function combine(api: ApiSource, directory: PolicySource): PolicySource {
  return {
    policies: (namespace) => {
      const ofApi = api.policies(namespace);
      const ofDirectory = directory.policies(namespace);
      if (ofApi === undefined || ofDirectory === undefined) return ofApi ?? ofDirectory;
      return combined(ofApi, ofDirectory);
    },
    surroundings: (network) => together(api.surroundings(network), directory.surroundings(network)),
  };
}

function combined(api: ApiPolicies, directory: ListedPolicies): ListedPolicies {
  const isApis = (kind: string, name: string): boolean => api.has.includes(`${kind} ${name}`);
  const networkQos = directory.networkQos.filter(({ name }) => !isApis("NetworkQoS", name));
  const hidden = directory.networkQos.filter((qos) => !networkQos.includes(qos));
  const isHidden = directory.egressQos !== undefined && isApis("EgressQoS", "default");
  const namesakes = [...hidden, ...(isHidden && directory.egressQos ? [directory.egressQos] : [])];
  return {
    networkQos: [...api.networkQos, ...networkQos].toSorted(byRank),
    egressQos: isHidden ? api.egressQos : (api.egressQos ?? directory.egressQos),
    faults: directory.faults,
    ...(directory.annotations && { annotations: directory.annotations }),
    warnings: [
      ...api.warnings,
      ...directory.warnings,
      ...namesakes.map(
        ({ title }) => `${title} is not used: the API has an object of that name, which counts`,
      ),
    ],
  };
}

/** What the API says of a namespace or network counts, and the directory speaks of the others. */
function together(api: Surroundings, directory: Surroundings): Surroundings {
  return {
    namespaces: firstOf([...api.namespaces, ...directory.namespaces], ({ name }: Namespace) => name),
    nads: firstOf([...api.nads, ...directory.nads], ({ namespace, name }: Nad) => `${namespace}/${name}`),
    isOfNode: api.isOfNode === true || directory.isOfNode === true,
  };
}

function firstOf<Value>(all: readonly Value[], keyOf: (value: Value) => string): readonly Value[] {
  return Array.from(Map.groupBy(all, keyOf).values()).flatMap((same) => same.slice(0, 1));
}
