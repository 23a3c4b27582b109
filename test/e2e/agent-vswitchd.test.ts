/** The node's agent while a real ovs-vswitchd starts anew: that takes away the queues of its ports which it did not make. */
import { expect, test } from "vitest";
import { startAgent, until } from "../lab/agent/agent.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug } from "../lab/plugin/plug.ts";

const needs = { plugin: true, tools: ["ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "curl"] } as const;
const ROUND_SECONDS = 10;

/** In userspace, for a kernel without openvswitch: what it does to queues is the same. ext0 is a port, as a node's link is in br-ex. */
const START = `
mkdir -p /run/openvswitch /etc/openvswitch /var/log/openvswitch
rm -f /etc/openvswitch/conf.db
ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach --log-file >/dev/null 2>&1
ovs-vsctl --no-wait init
ovs-vswitchd --pidfile --detach --log-file >/dev/null 2>&1
ip link add ext0 type veth peer name ext1
ip link set ext0 up
ip link set ext1 up
ovs-vsctl add-br br-ex -- set bridge br-ex datapath_type=netdev -- add-port br-ex ext0
tc qdisc add dev ext1 root pfifo limit 77
`;

/** Its last line waits until it has been through all ports. */
const RESTART = `
pid=$(cat /run/openvswitch/ovs-vswitchd.pid)
ovs-appctl exit
while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
ovs-vswitchd --pidfile --detach --log-file >/dev/null 2>&1
ovs-vsctl set open_vswitch . external_ids:restarted=yes
`;

const UPLINK = {
  device: "ext0",
  rate: "100M",
  default: "rest",
  classes: { rest: { rate: "10M" }, gold: { rate: "50M", set: "gold-pods", dscp: "AF41" } },
};

suite("where the uplink is a port of Open vSwitch", needs, () => {
  test("a restart of vswitchd takes its classes, and the agent puts them back within its round and touches nothing else", async () => {
    await using node = await createNode();
    await sh(node, START);
    // In the pod, where vswitchd does not look: its end on the node is a port as well.
    const pod = await plug(node, { conf: { uplink: UPLINK, enforce: "pod" } });
    const annotations = { "pod-qos/egress-bandwidth": "20M", "pod-qos/dscp": "46" };
    const runtimeConfig = { "io.kubernetes.cri.pod-annotations": annotations };
    succeeded(await pod.call("ADD", { conf: { runtimeConfig } }));
    await sh(node, `ovs-vsctl add-port br-ex ${pod.nodeDevice}`);
    const made = await exactState(node, pod.pod);
    expect(made).toMatch(/class htb 1:20 parent 1:1 .*rate 50Mbit/);
    await sh(node, RESTART);
    expect(await exactState(node, pod.pod)).not.toMatch(/class htb 1:20/);

    const agent = await startAgent(node, { round: `${ROUND_SECONDS}s` });
    const isMade = async (): Promise<boolean> => (await exactState(node, pod.pod)) === made;
    await until("what was lost while no agent was at work is back", isMade, 2 * ROUND_SECONDS * 1000);
    const found = await agent.metric('pod_qos_drift_total{tool="uplink"}');
    await sh(node, RESTART);
    const isFound = async (): Promise<boolean> =>
      (await agent.metric('pod_qos_drift_total{tool="uplink"}')) > found && (await isMade());
    const took = await until("found and put back", isFound, 2 * ROUND_SECONDS * 1000);
    figure("seconds from the restart until the agent has put the classes back", took / 1000, {
      atMost: ROUND_SECONDS * (await crowding()),
    });
    expect(await exactState(node, pod.pod)).toBe(made);
    expect(await agent.stop()).not.toMatch(/ error /);
  });
});

const sh = (node: LabNode, script: string): Promise<unknown> =>
  node.exec("sh", ["-ec", script], { timeoutMs: 60_000 });
