/** Events of the API, as `kubectl describe` reads them. */
import type { Api, KubeObject } from "../../../scripts/lab/cluster/api.ts";

export type KubeEvent = KubeObject & {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly source: { readonly component: string; readonly host: string };
};

/** Of the agent's those that are about an object of this name. */
export const eventsAbout = async (
  api: Api,
  name: string,
  namespace = "default",
): Promise<readonly KubeEvent[]> => {
  const query = `fieldSelector=involvedObject.name%3D${name}`;
  const { items = [] } = await api.get(`/api/v1/namespaces/${namespace}/events?${query}`);
  return (items as readonly KubeEvent[]).filter(({ source }) => source.component === "pod-qos-agent");
};

/** "QoSRejected 2" each. */
export const inShort = (events: readonly KubeEvent[]): readonly string[] =>
  events.map(({ reason, count }) => `${reason} ${count}`).toSorted();
