/** The guide's label is taken from a pod that sends: how soon its pings go without the mark, and that none is lost. */
import { onTestFinished } from "vitest";
import { eventually } from "../../lab/cluster/eventually.ts";
import { podPath } from "../../lab/cluster/objects.ts";
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import { GUIDE_LABEL, type GuideName } from "./guide.ts";
import { attachedAt } from "./node.ts";
import { startPings, type Ping, type Way } from "./pings.ts";

export type Unlabelling = {
  readonly pod: GuideName;
  readonly way: Way;
  /** Happens under the same pings, before the label goes. */
  readonly first?: (() => Promise<void>) | undefined;
};

export type Unlabelled = {
  /** From before the change to the first ping without the mark, both by the node's clock. */
  readonly seconds: number;
  /** As they arrived, each when it was another than before. */
  readonly marks: readonly number[];
  /** NaN where ping did not say how many it sent. */
  readonly lost: number;
};

export const unlabel = async (cluster: VmCluster, { pod, way, first }: Unlabelling): Promise<Unlabelled> => {
  const label = async (value: string | null): Promise<void> => {
    await cluster.plane.api.patch(podPath("default", pod), {
      metadata: { labels: { [GUIDE_LABEL]: value } },
    });
  };
  // For the tests after this one, and for its second try.
  onTestFinished(() => label("bw-limited"));
  await eventually(`the policy limits ${pod}`, () => isLimited(cluster, pod), within);
  const sending = await startPings(cluster, way, 0.2);
  const unmarked = async () => (await sending.seen()).requests.find(({ tos }) => tos === 0);
  const change = async (): Promise<number> => {
    await eventually("a ping arrives", async () => (await sending.seen()).requests[0], within);
    await first?.();
    const before = Number(await cluster.exec(["date", "+%s.%N"]));
    await label(null);
    return (await eventually(`${pod} sends without the mark`, unmarked, within)).seconds - before;
  };
  const seconds = await change().catch(async (error: unknown) => {
    await sending.stop();
    throw error;
  });
  const { requests, sent } = await sending.stop();
  return { seconds, marks: turns(requests), lost: sent - new Set(requests.map(({ number }) => number)).size };
};

const within = { withinMs: 120_000, everyMs: 500 };

const isLimited = async (cluster: VmCluster, pod: GuideName): Promise<true | undefined> =>
  (await attachedAt(cluster, "eth1"))[pod]?.record.limits?.rules === 1 || undefined;

const turns = (pings: readonly Ping[]): readonly number[] =>
  pings.map(({ tos }) => tos).filter((tos, at, all) => tos !== all[at - 1]);
