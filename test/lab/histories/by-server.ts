/** How the input of a pod's decision comes to the node by a real API server: the conf in a file, all else from there. */
import type { Answer, Api } from "../../../scripts/lab/cluster/api.ts";
import { policyPath } from "../cluster/installed.ts";
import { podObject, podPath } from "../cluster/objects.ts";
import { labelsOf, objectsOf, type Input } from "./input.ts";
import { annotated, annotationsOf, type Means } from "./means.ts";
import { callFor, giveConf, takeAwayFiles, type Network } from "./site.ts";

/** Each network's namespace is there. */
export const byServer = (api: Api, start: Means["start"]): Means => {
  const uids = new Map<string, string>();
  return {
    give: async ({ network }, before, input) => {
      giveConf(network, before, input, false);
      await giveObjects(api, network, before, input);
    },
    say: async ({ network, pod: { name } }, said) => {
      const [labels, annotations] = [labelsOf(said), annotationsOf(said)];
      if (uids.has(name)) {
        const metadata = { labels: { ...noLabels, ...labels }, annotations: { ...noCap, ...annotations } };
        await api.patch(podPath(network.name, name), { metadata });
        return;
      }
      const pod = podObject({ name, labels, annotations, nodeName: "node-1" });
      const { metadata } = await api.create(podPath(network.name), pod);
      uids.set(name, metadata.uid);
    },
    call: ({ network, pod, wire }, verb, input, said) =>
      callFor({ network, pod, wire }, verb, input, annotated(said), uids.get(pod.name), false),
    takeAway: async ({ network, pod: { name } }) => {
      takeAwayFiles(network);
      for (const kind of ["NetworkQoS", "EgressQoS"] as const)
        await api.remove(policyPath(kind, network.name));
      await api.remove(podPath(network.name, name), { gracePeriodSeconds: 0 });
      uids.delete(name);
    },
    makeKnown: async () => undefined,
    start,
  };
};

const noLabels = { tier: null, site: null };
const noCap = { "pod-qos/egress-bandwidth": null };

/** What is as it was before is left as it is. */
const giveObjects = async (
  api: Api,
  { name: namespace }: Network,
  former: Input | undefined,
  input: Input,
): Promise<void> => {
  const had = former === undefined ? [] : objectsOf(former, namespace);
  const has = objectsOf(input, namespace);
  const before = new Set(had.map((one) => JSON.stringify(one)));
  for (const each of has.filter((one) => !before.has(JSON.stringify(one)))) {
    const path = policyPath(each.kind, namespace);
    const { status, body } = await put(api, path, each);
    // The definition knows better than who writes what cannot be.
    if (status >= 300 && (status !== 422 || input.broken !== "object"))
      throw new Error(`${path}/${each.name}: ${status} ${body.message}`);
  }
  for (const { kind, name } of had)
    if (!has.some((one) => one.kind === kind && one.name === name))
      await api.ask("DELETE", `${policyPath(kind, namespace)}/${name}`);
};

/** A key that a merge does not name stays. */
const put = async (
  api: Api,
  path: string,
  { name, object }: ReturnType<typeof objectsOf>[number],
): Promise<Answer> => {
  const { podSelector } = object.spec;
  const spec = { ...object.spec, ...(podSelector && { podSelector: { matchLabels: null, ...podSelector } }) };
  const change = { type: "application/merge-patch+json", value: { spec } };
  const patched = await api.ask("PATCH", `${path}/${name}`, change);
  return patched.status === 404 ? api.ask("POST", path, { value: object }) : patched;
};
