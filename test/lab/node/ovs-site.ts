/** A node whose pods are ports of a real Open vSwitch, behind the conflist for ovn-kubernetes. */
import { chmodSync, writeFileSync } from "node:fs";
import { conflistPath, type Site } from "../plugin/chain-sites.ts";
import { createNode } from "./node.ts";
import { NODE_CNI_BIN } from "./paths.ts";

export const ovsSite: Site = {
  name: "ovs",
  conflist: conflistPath("05-ovn-kubernetes.conflist"),
  // The feature keeps it to the stock kernel, which has the switch's datapath too.
  needs: {
    plugin: true,
    features: ["ipvlan"],
    tools: ["ovs-vswitchd", "ovsdb-server", "iperf3"],
    peers: ["cnitool"],
  },
  mtu: 1400,
  hostEnd: false,
  holdsIngress: true,
  open: async () => {
    const node = await createNode();
    const far = await node.addPod("far");
    await node.exec("sh", ["-ec", SWITCH], { timeoutMs: 120_000 });
    const primary = node.path(`${NODE_CNI_BIN}/ovn-k8s-cni-overlay`);
    writeFileSync(primary, PRIMARY);
    chmodSync(primary, 0o755);
    return { node, peer: { ns: far, v4: "192.0.2.1", v6: "2001:db8:0:1::1" } };
  },
};

const SWITCH = `
modprobe openvswitch
mkdir -p /run/ovs
cd /run/ovs
export OVS_RUNDIR=/run/ovs
ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --remote=punix:/run/ovs/db.sock --pidfile=/run/ovs/db.pid --detach --no-chdir --log-file=/run/ovs/db.log conf.db
ovs-vsctl --timeout=30 --db=unix:/run/ovs/db.sock --no-wait init
ovs-vswitchd unix:/run/ovs/db.sock --pidfile=/run/ovs/vswitchd.pid --detach --no-chdir --log-file=/run/ovs/vswitchd.log
ovs-vsctl --timeout=30 --db=unix:/run/ovs/db.sock add-br br-int
ip link add far0 type veth peer name wire0 netns far
ip link set far0 up
ip -n far address add 192.0.2.1/24 dev wire0
ip -n far address add 2001:db8:0:1::1/64 dev wire0 nodad
ip -n far link set wire0 up
ovs-vsctl --timeout=30 --db=unix:/run/ovs/db.sock add-port br-int far0
`;

/**
 * Stands in for the plugin of that name, which needs an API server: a veth whose end on the node has the first 15 characters of
 * the container's ID for a name and is a port of br-int; the result has the node's end first.
 */
const PRIMARY = `#!/bin/sh
set -eu
cat >/dev/null
vsctl() { ovs-vsctl --timeout=30 --db=unix:/run/ovs/db.sock "$@"; }
host=$(printf %.15s "$CNI_CONTAINERID")
case $CNI_COMMAND in
ADD)
  last=$(($(cat /run/ovs/last 2>/dev/null || echo 10) + 1))
  echo "$last" >/run/ovs/last
  nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" mtu 1400 type veth peer name "$host" mtu 1400 netns $$
  ip link set "$host" up
  vsctl add-port br-int "$host"
  nsenter --net="$CNI_NETNS" sh -ec "ip link set $CNI_IFNAME up
    ip address add 192.0.2.$last/24 dev $CNI_IFNAME
    ip address add 2001:db8:0:1::$last/64 dev $CNI_IFNAME nodad
    ip route add default via 192.0.2.1
    ip -6 route add default via 2001:db8:0:1::1"
  printf '{"cniVersion":"1.1.0","interfaces":[{"name":"%s"},{"name":"%s","sandbox":"%s"}],"ips":[{"interface":1,"address":"192.0.2.%s/24"}]}' \\
    "$host" "$CNI_IFNAME" "$CNI_NETNS" "$last"
  ;;
DEL)
  vsctl --if-exists del-port br-int "$host"
  ip link del "$host" 2>/dev/null || :
  ;;
VERSION) printf '{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}' ;;
esac
`;
