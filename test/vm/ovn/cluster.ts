/** Two nodes on one wire with Debian's OVN: a real ovs-vswitchd and ovn-controller on each, the databases on the first. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { joinNodes } from "../../lab/node/join-nodes.ts";
import { createNode, type LabNode } from "../../lab/node/node.ts";

export type Cluster = {
  /** The guide's ovn-worker, which has OVN's databases too, and its ovn-worker2. */
  readonly worker: LabNode;
  readonly worker2: LabNode;
};

const CENTRAL = "192.0.2.6";
const PLUGIN = "ovn-k8s-cni-overlay";

export async function startCluster(): Promise<Cluster> {
  const [worker, worker2] = await Promise.all([createNode(), createNode()]);
  await joinNodes(worker, worker2);
  await run(worker, START_CENTRAL);
  await Promise.all([
    run(worker, START_NODE, "ovn-worker", CENTRAL),
    run(worker2, START_NODE, "ovn-worker2", "192.0.2.5"),
  ]);
  for (const node of [worker, worker2]) {
    await run(node, TUNNEL_IS_THERE);
    symlinkSync(join(import.meta.dirname, PLUGIN), node.path(`/opt/cni/bin/${PLUGIN}`));
  }
  return { worker, worker2 };
}

/** The daemon is another process afterwards; the datapath and its ports stay. */
export async function restartVswitchd(node: LabNode): Promise<void> {
  await run(node, RESTART_VSWITCHD);
}

const OVS_CTL = "/usr/share/openvswitch/scripts/ovs-ctl --no-record-hostname";
const OVN_CTL = "/usr/share/ovn/scripts/ovn-ctl";

const START_CENTRAL = `${OVN_CTL} start_northd --db-nb-create-insecure-remote=yes --db-sb-create-insecure-remote=yes`;

/** $1: name of the chassis, $2: its address on the wire. */
const START_NODE = `
ip address add "$2/24" dev eth0
${OVS_CTL} start --system-id="$1"
ovs-vsctl set open_vswitch . external-ids:ovn-remote=tcp:${CENTRAL}:6642 external-ids:ovn-bridge=br-int \\
  external-ids:ovn-encap-type=geneve external-ids:ovn-encap-ip="$2" external-ids:ovn-monitor-all=true
${OVN_CTL} start_controller
`;

const TUNNEL_IS_THERE =
  "until ovs-vsctl --bare --columns=name find interface type=geneve | grep -q .; do sleep 0.2; done";

const RESTART_VSWITCHD = `
pid=$(cat /run/openvswitch/ovs-vswitchd.pid)
ovs-appctl exit
while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
ovs-vswitchd --pidfile --detach --log-file
# Waits until it has been through all ports.
ovs-vsctl set open_vswitch . external_ids:restarted=yes
`;

async function run(node: LabNode, script: string, ...args: readonly string[]): Promise<void> {
  await node.exec("sh", ["-ec", script, "sh", ...args], { timeoutMs: 120_000 });
}
