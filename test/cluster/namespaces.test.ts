/** A Namespace's ceiling beside a real API server, under traffic: the pod is at it within a second, and nobody else notices. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { upTime } from "../../plugin/kernel/process.ts";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { until } from "../lab/agent/agent.ts";
import { agentNeeds } from "../lab/cluster/agent-plane.ts";
import { openLiveSite, type LiveSite } from "../lab/cluster/live-site.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { figure } from "../lab/measure/figures.ts";
import { sendSteadily, watchMarks } from "../lab/traffic/marks-seen.ts";
import { startMeter, type Sample } from "../lab/traffic/meter.ts";
import { suite } from "../lab/node/needs.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { openUplinkSite, type UplinkSite } from "../lab/uplink/uplink.ts";

const needs = {
  ...agentNeeds,
  tools: [...agentNeeds.tools, "iperf3", "ss"],
  peers: [...agentNeeds.peers, "sender"],
};

suite("a Namespace's ceiling", needs, () => {
  let uplink: UplinkSite;
  let site: LiveSite;

  beforeAll(async () => {
    uplink = await openUplinkSite();
    site = await openLiveSite(uplink.node, podNetwork());
    await site.plane.api.create(NAMESPACES, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "other" },
    });
    await annotate(ceilingOf("40M"));
  });
  afterAll(() => site?.end());

  const annotate = (annotations: object): Promise<unknown> =>
    site.plane.api.patch(`${NAMESPACES}/default`, { metadata: { annotations } });
  const recordOf = (sandbox: Sandbox): AttachmentRecord => recordOfSandbox(site.node, sandbox);
  const elsewhere = async (name: string): Promise<Sandbox> => {
    await site.plane.api.create(podPath("other"), podObject({ name }));
    return site.kubelet.running(name, { namespace: "other" });
  };
  test("lowered, raised and taken out, also above a request, is what a saturated pod has within a second; pods below it and elsewhere lose nothing", async () => {
    const loud = await site.run({ name: "loud" });
    const quiet = await site.run({ name: "quiet", annotations: { "pod-qos/egress-bandwidth": "5M" } });
    const far = await elsewhere("far");
    const egressOf = (): number | undefined => recordOf(loud).limits?.egress;
    expect([egressOf(), recordOf(quiet).limits?.egress, recordOf(far).limits?.egress]).toEqual([
      40e6,
      5e6,
      undefined,
    ]);
    const watch = await watchMarks(uplink.server, uplink.server4);
    const steady = [quiet, far].map(({ pod }) => sendSteadily(pod, uplink.server4));
    const meter = startMeter({ ns: uplink.server, device: "wan0", what: "received" }, 60);
    const load = measure({ from: loud.pod, to: uplink.server, address: uplink.server4, seconds: 20 });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const is = (rate: number) => (): boolean => egressOf() === rate;
    const turns = [
      [10e6, await after(annotate(ceilingOf("10M")), is(10e6))],
      [40e6, await after(annotate(ceilingOf("40M")), is(40e6))],
      [
        40e6,
        await after(
          site.patch("loud", { annotations: { "pod-qos/egress-bandwidth": "80M" } }),
          () => recordOf(loud).sources?.egress?.cutFrom?.rate === 80e6,
        ),
      ],
      [80e6, await after(annotate(ceilingOf(null)), is(80e6))],
    ] as const;
    await load;
    const samples = await meter.stop();
    const sent = await Promise.all(steady.map((flow) => flow.end()));
    const seen = [...(await watch.end()).values()];
    const shares = turns.map(([rate, from]) => (rateIn(samples, from, from + 1.5) - STEADY) / rate);
    console.log(
      `shares ${shares.map((share) => share.toFixed(3)).join(", ")} of ${turns.map(([rate]) => rate / 1e6).join(", ")}M`,
    );
    for (const [at, share] of shares.entries()) {
      const rate = turns[at]?.[0] ?? 0;
      figure(`of a ceiling or request of ${rate / 1e6}M, a second after it was said`, share, {
        // TCP has just lost what its queue held.
        atLeast: 0.7,
        atMost: 1.05,
      });
    }
    const arrived = seen.reduce((sum, each) => sum + each.arrived, 0);
    const all = sent.reduce((sum, each) => sum + each, 0);
    expect(all).toBeGreaterThan(20_000);
    figure("packets lost of pods below the ceiling and of another namespace", all - arrived, { atMost: 0 });
  });

  test("with a bad value takes nothing from pods that run, and a new one waits with code 7 until it is right", async () => {
    const steadfast = await site.run({
      name: "steadfast",
      annotations: { "pod-qos/egress-bandwidth": "7M" },
    });
    await annotate(ceilingOf("lots"));
    await until("it is refused", async () => (await site.agent.metric('pod_qos_pods{state="refused"}')) > 0);
    expect(recordOf(steadfast).limits?.egress).toBe(7e6);
    await site.plane.api.create(podPath("default"), podObject({ name: "late" }));
    const isTold = (): boolean =>
      site.kubelet.failures.some(({ message }) =>
        message.includes("annotation pod-qos/max-egress-bandwidth of namespace default"),
      );
    await until("it is told", isTold);
    await annotate(ceilingOf("6M"));
    expect(recordOf(await site.kubelet.running("late")).limits?.egress).toBe(6e6);
    await until("the running one is cut", () => recordOf(steadfast).limits?.egress === 6e6);
    await annotate(ceilingOf(null));
    await until("and has its own again", () => recordOf(steadfast).limits?.egress === 7e6);
  });

  test("of a namespace that is as new as its pod is there from the pod's first packet on", async () => {
    await site.plane.api.create(NAMESPACES, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "fresh", annotations: ceilingOf("9M") },
    });
    await site.plane.api.create(podPath("fresh"), podObject({ name: "first" }));
    const first = await site.kubelet.running("first", { namespace: "fresh" });
    expect(recordOf(first)).toMatchObject({ limits: { egress: 9e6 } });
    expect(recordOf(first).pending).toBeUndefined();
  });
});

/** The time a second after a change was said; comes back when one and a half more have gone by. */
const after = async (change: Promise<unknown>, hasCome: () => boolean): Promise<number> => {
  await change;
  const changed = upTime();
  await until("it has come", hasCome);
  await new Promise((resolve) => setTimeout(resolve, 2_700 - (upTime() - changed) * 1000));
  return changed + 1;
};

/** Of two senders of 1000 packets a second, on the wire. */
const STEADY = 2 * 1000 * (100 + 42) * 8;

const ceilingOf = (rate: string | null) => ({ "pod-qos/max-egress-bandwidth": rate });

/** Bits per second between two readings of the kernel's clock. */
const rateIn = (samples: readonly Sample[], from: number, to: number): number => {
  const [first, last] = [samples.find(({ at }) => at >= from), samples.findLast(({ at }) => at <= to)];
  if (first === undefined || last === undefined || last.at - first.at < 0.5)
    throw new Error(`no samples from ${from} to ${to}`);
  return ((last.bytes - first.bytes) * 8) / (last.at - first.at);
};
