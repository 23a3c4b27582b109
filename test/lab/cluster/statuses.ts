/** Statuses of EgressQoS and NetworkQoS as anybody reads them, and reports of nodes as an agent would write them. */
import type { Api, KubeObject } from "../../../scripts/lab/cluster/api.ts";
import { eventually } from "./eventually.ts";
import { policyPath, QOS_NODES } from "./installed.ts";
import { nodeObject, NODES } from "./objects.ts";

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
};

export type Qos = KubeObject & {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly status?: string; readonly conditions?: readonly Condition[] };
};

export const readyOf = ({ status }: Qos): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === "Ready");

/** "applied's text | True Applied: message", or of a generation that is not the object's "of generation 3". */
export const said = (object: Qos): string => {
  const ready = readyOf(object);
  if (ready === undefined) return "nothing";
  const { generation } = object.metadata;
  const old = ready.observedGeneration === generation ? "" : ` of generation ${ready.observedGeneration}`;
  return `${object.status?.status ?? ""} | ${ready.status} ${ready.reason}${old}: ${ready.message}`;
};

/** Resolves with the object once its status is this; fails with what it is. */
export const untilSaid = async (api: Api, path: string, text: string, withinMs = 20_000): Promise<Qos> => {
  let last = "";
  const look = async (): Promise<Qos | undefined> => {
    const object = await api.get<Qos>(path);
    last = said(object);
    return last === text ? object : undefined;
  };
  return eventually(`${path} says ${text}`, look, { withinMs, why: () => `it says ${last}` });
};

export type Report = {
  readonly observed?: object;
  readonly objects?: readonly object[];
  readonly renewed?: string;
};

/** A Node, and the report of an agent on it. */
export const createReport = async (api: Api, name: string, report: Report = {}): Promise<void> => {
  const { metadata } = await api.create<KubeObject>(NODES, nodeObject(name));
  const owner = { apiVersion: "v1", kind: "Node", name, uid: metadata.uid };
  await api.create(QOS_NODES, {
    apiVersion: "pod-qos.io/v1alpha1",
    kind: "QoSNode",
    metadata: { name, ownerReferences: [owner] },
  });
  await writeReport(api, name, report);
};

export const writeReport = async (api: Api, name: string, report: Report): Promise<void> => {
  const now = new Date().toISOString();
  const status = { agent: { version: "test", started: now }, renewed: now, ...report };
  await api.patch(`${QOS_NODES}/${name}/status`, { status });
};

/** All that there is now has been observed. */
export const observedNow = async (
  api: Api,
): Promise<{ readonly egressqoses: string; readonly networkqoses: string }> => {
  const [egress, network] = await Promise.all([
    api.get<KubeObject>(policyPath("EgressQoS")),
    api.get<KubeObject>(policyPath("NetworkQoS")),
  ]);
  return { egressqoses: egress.metadata.resourceVersion, networkqoses: network.metadata.resourceVersion };
};

export const entryOf = (object: Qos, kind: string, more: object): object => {
  const { namespace, name, uid, generation } = { ...object.metadata };
  return { kind, namespace, name, uid, generation, state: "applied", pods: 1, ...more };
};
