/** How the input of a pod's decision comes to the node where there is an API: the conf in a file, all else from there. */
import { KINDS, PODS, type FakeCluster } from "../agent/fake-cluster.ts";
import { labelsOf, objectsOf, type Input } from "./input.ts";
import { annotated, annotationsOf, type Means } from "./means.ts";
import { callFor, giveConf, type Network } from "./site.ts";

export const byApi = ({ api }: FakeCluster): Pick<Means, "give" | "say" | "call"> => ({
  give: async ({ network }, before, input) => {
    giveConf(network, before, input, false);
    giveObjects(api, network, before, input);
  },
  say: async ({ network, pod }, said) => {
    const metadata = { namespace: network.name, labels: labelsOf(said), annotations: annotationsOf(said) };
    const more = { spec: { containers: [{ name: "main" }] }, status: { phase: "Running" } };
    api.put(PODS, pod.name, { uid: uidOf(pod.name), metadata, ...more });
  },
  call: (seat, verb, input, said) => callFor(seat, verb, input, annotated(said), uidOf(seat.pod.name), false),
});

export const uidOf = (pod: string): string => `uid-of-${pod}`;

/** What is as it was before is left as it is. */
const giveObjects = (
  api: FakeCluster["api"],
  { name: namespace }: Network,
  before: Input | undefined,
  input: Input,
): void => {
  const had = new Map(before === undefined ? [] : textsOf(before, namespace));
  const has = new Map(textsOf(input, namespace));
  for (const { kind, name, object } of objectsOf(input, namespace))
    if (had.get(`${kind} ${name}`) !== has.get(`${kind} ${name}`))
      api.put(KINDS[kind], name, { metadata: { namespace }, spec: object.spec });
  for (const { kind, name } of before === undefined ? [] : objectsOf(before, namespace))
    if (!has.has(`${kind} ${name}`)) api.remove(KINDS[kind], name, namespace);
};

const textsOf = (input: Input, namespace: string): readonly (readonly [string, string])[] =>
  objectsOf(input, namespace).map(({ kind, name, object }) => [`${kind} ${name}`, JSON.stringify(object)]);
