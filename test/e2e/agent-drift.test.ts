/** What somebody takes away in the kernel is put back within a round and counted; what is theirs beside it stays as it is. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import {
  bulkLabel,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";
import { ruledWishes } from "../lab/plugin/warm-node.ts";

let site: UplinkSite;
let agent: Agent;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(async () => {
  await agent?.kill();
  await site.node[Symbol.asyncDispose]();
});

const added = async (): Promise<UplinkPod> => {
  const pod = await uplinkPod(site, { labels: bulkLabel });
  succeeded(await pod.call("ADD", ruledWishes));
  return pod;
};

test("iptables -F, tc qdisc del and ipset flush, each on a pod of its own, within a round of 10 s", async () => {
  await writeConf(site.node, "10-podnet.conflist", { uplink: uplink200, ...ruledWishes }, "podnet");
  const pods = [await added(), await added(), await added(), await added()] as const;
  const [flushed, cut, rootless, unset] = pods;
  agent = await startAgent(site.node, { round: `${roundSeconds}s` });
  for (const { pod } of pods) await pod.exec("sh", ["-ec", foreignInPod]);
  await site.node.exec("sh", ["-ec", foreignOnNode, "sh", cut.wire.hostDevice]);
  const look = async (): Promise<string> =>
    sorted(await exactState(site.node, ...pods.map(({ pod }) => pod)));
  const before = await look();
  const counts = async (): Promise<readonly number[]> =>
    Promise.all(tools.map((tool) => agent.metric(`pod_qos_drift_total{tool="${tool}"}`)));
  expect(await counts()).toEqual([0, 0, 0, 0]);
  await flushed.pod.exec("sh", [
    "-ec",
    "iptables -F; iptables -t mangle -F POSTROUTING; ip6tables -t mangle -F",
  ]);
  await site.node.exec("tc", ["qdisc", "del", "dev", cut.wire.hostDevice, "root"]);
  await rootless.pod.exec("tc", ["qdisc", "del", "dev", "eth0", "root"]);
  await unset.pod.exec("sh", [
    "-ec",
    "for set in $(ipset list -n | grep -v theirs); do ipset flush $set; done",
  ]);
  await site.node.exec("ipset", ["flush", "bulkseed-pods"]);
  expect(await look()).not.toBe(before);
  const isPutBack = async (): Promise<boolean> => (await look()) === before;
  const took = await until("all of it", isPutBack, 2 * roundSeconds * 1000).catch(() => Number.NaN);
  expect(await look()).toBe(before);
  figure("seconds until all is put back", took / 1000, {
    atMost: (roundSeconds + mendingSeconds) * (await crowding()),
  });
  for (const count of await counts()) expect(count).toBeGreaterThan(0);
  for (const pod of pods) expect((await pod.call("CHECK", ruledWishes)).stdout).toBe("");
});

const roundSeconds = 10;
/** What comes last in a round is found at its end, then put back, and this test has to see it. */
const mendingSeconds = 1;

const tools = ["iptables", "tc", "ipset", "uplink"];

/** Neither is in a chain that is flushed. */
const foreignInPod = `
iptables -t mangle -A OUTPUT -p udp --dport 9999 -j ACCEPT
ipset create theirs hash:net
ipset add theirs 192.0.2.0/24
`;
const foreignOnNode = `
ipset create theirs hash:ip
ipset add theirs 192.0.2.7
iptables -t mangle -A FORWARD -m set --match-set theirs src -j ACCEPT
tc qdisc add dev "$1" clsact 2>/dev/null || true
tc filter add dev "$1" ingress pref 777 protocol ip u32 match ip dst 192.0.2.9/32 flowid 9:9
`;

const sorted = (text: string): string =>
  text
    .replaceAll(/^\d+: /gm, "")
    .split("\n")
    .toSorted()
    .join("\n");
