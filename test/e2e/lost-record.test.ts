/** A pod whose record was lost: CHECK names what it has that nothing asks for now, and ADD takes that away and nothing else. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

const node = await warmNode();
afterAll(() => node[Symbol.asyncDispose]());

type Conf = Readonly<Record<string, unknown>>;
const unlimited = { defaults: undefined, egress: undefined, discipline: undefined, enforce: undefined };
const marked = { ...unlimited, defaults: { dscp: "CS1" } };
const sends = { ...unlimited, defaults: { egressBandwidth: "10M" } };

const loses = (): void => rmSync(node.path("/run/pod-qos"), { recursive: true });
const stateOf = async ({ pod }: Plug): Promise<readonly string[]> =>
  (await exactState(node, pod))
    .replaceAll(/^\d+: |index \d+|police 0x\w+|^\s+link\/ether .*$|fh \w+:|ht \w+|"$|(?<=alias )"/gm, "")
    .split("\n")
    .sort();

describe.each<[string, Conf, readonly [string, Conf, readonly string[]][]]>([
  [
    "limits and a mark",
    { ...unlimited, ...allWishes },
    [
      ["nothing", unlimited, ["root qdisc htb 905: on", "iptables mangle chain POD-QOS-eth0 is there"]],
      ["a mark", marked, ["root qdisc htb 905: on", "though nothing asks for it"]],
    ],
  ],
  [
    "rules, and limits in the pod",
    { ...unlimited, enforce: "pod", ...ruledWishes },
    [
      ["nothing", unlimited, ["ipset pod-qos-eth0:4:", "ifb pq"]],
      ["a limit on the node", sends, ["mangle chain POD-QOS-eth0:0 is there"]],
    ],
  ],
  [
    "limits by policers",
    { ...unlimited, discipline: "police", defaults: { ingressBandwidth: "20M", egressBandwidth: "10M" } },
    [["a mark", marked, ["though nothing asks for it"]]],
  ],
])("of %s", (_, before, rows) => {
  test.each(rows)("that asks for %s now", async (__, now, left) => {
    const pod = await plug(node);
    const clean = await stateOf(pod);
    succeeded(await pod.call("ADD", { conf: now }));
    const wanted = await stateOf(pod);
    succeededSilently(await pod.call("DEL", { conf: now }));
    succeeded(await pod.call("ADD", { conf: before }));
    loses();
    failed(await pod.call("CHECK", { conf: now }), 100, left);
    succeeded(await pod.call("ADD", { conf: now }));
    expect(await stateOf(pod)).toEqual(wanted);
    succeededSilently(await pod.call("CHECK", { conf: now }));
    succeededSilently(await pod.call("DEL", { conf: now }));
    expect(await stateOf(pod)).toEqual(clean);
  });
});

test("is found too where another pod has had its ADD since", async () => {
  const [pod, other] = [await plug(node), await plug(node)];
  const clean = await stateOf(pod);
  succeeded(await pod.call("ADD", { conf: { ...unlimited, ...allWishes } }));
  loses();
  succeeded(await other.call("ADD", { conf: sends }));
  const features = node.path("/run/pod-qos/features.json");
  const { since, ...rest } = JSON.parse(readFileSync(features, "utf8")) as { readonly since: number };
  // As if the pod had run for two minutes when it was lost.
  writeFileSync(features, JSON.stringify({ ...rest, since: since + 120_000 }));
  succeeded(await pod.call("ADD", { conf: unlimited }));
  succeededSilently(await other.call("DEL", { conf: sends }));
  expect(await stateOf(pod)).toEqual(clean);
});

test("what others have there stays", async () => {
  const pod = await plug(node);
  const { nodeDevice } = pod;
  await node.exec("sh", [
    "-ec",
    `tc qdisc add dev ${nodeDevice} root handle 77: htb default 1
tc qdisc add dev ${nodeDevice} clsact
tc filter add dev ${nodeDevice} ingress protocol ip pref 9 u32 match ip dst 192.0.2.1 flowid 1:1
tc filter add dev ${nodeDevice} ingress protocol all pref 65000 u32 match u32 0 0 action mirred egress redirect dev lo`,
  ]);
  await pod.pod.exec("sh", [
    "-ec",
    `iptables -t mangle -N POD-QOS-eth01; iptables -t mangle -N THEIRS
ipset create pod-qos-eth01:4:0 hash:net; ipset create pod-qos-eth0:4:0 hash:ip`,
  ]);
  const before = await stateOf(pod);
  loses();
  succeededSilently(await pod.call("CHECK", { conf: unlimited }));
  succeeded(await pod.call("ADD", { conf: unlimited }));
  expect(await stateOf(pod)).toEqual(before);
});
