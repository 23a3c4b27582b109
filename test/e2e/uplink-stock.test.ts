/** The ways to the uplink that only a stock kernel has: ipvlan in its three modes, and Open vSwitch. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { suite } from "../lab/needs.ts";
import { attach, bulkLabel, childPod, openUplinkSite, uplink200, type UplinkSite } from "../lab/uplink.ts";
import { classOfPings } from "../lab/uplink-counts.ts";

const uplink = {
  ...uplink200,
  classes: { ...uplink200.classes, "bulk-seed": { ...uplink200.classes["bulk-seed"], dscp: "CS1" } },
};
/** CS1 in the byte that holds it. */
const disguise = ["-Q", "0x20"];

let site: UplinkSite;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(() => site.node[Symbol.asyncDispose]());

suite("ipvlan on the uplink", { plugin: true, features: ["ipvlan"], tools: ["ipset", "ping"] }, () => {
  test.each(["l2", "l3", "l3s"])(
    "%s: a pod is in its class, whatever it writes on its packets",
    async (mode) => {
      // In the routed modes no pod answers who it is: what comes back goes by way of the node, and with l3 not through its nat.
      await site.node.exec("iptables", ["-t", "nat", "-F", "POSTROUTING"]);
      await site.server.exec("ip", ["address", "add", "192.0.2.1/32", "dev", "wan0"]);
      await site.server.exec("ip", ["route", "add", "192.0.2.0/24", "via", "203.0.113.1"]);
      await site.node.exec("ip", ["route", "add", "192.0.2.1", "dev", "eth0"]);
      const kind = `ipvlan mode ${mode}`;
      const bulk = await childPod(site, {
        kind,
        name: "lanbulk",
        address: "192.0.2.11",
        uplink,
        labels: bulkLabel,
      });
      const user = await childPod(site, { kind, name: "lanuser", address: "192.0.2.12", uplink });
      expect(await classOfPings(site.node, bulk, "192.0.2.1")).toBe("1:20");
      expect(await classOfPings(site.node, user, "192.0.2.1")).toBe("1:10");
      expect(await classOfPings(site.node, user, "192.0.2.1", disguise)).toBe("1:10");
      expect(await classOfPings(site.node, user, "192.0.2.1", ["-m", "1"])).toBe("1:10");
    },
  );
});

suite(
  "a port of Open vSwitch",
  { plugin: true, features: ["ipvlan"], tools: ["ovs-vswitchd", "ovsdb-server", "ipset", "ping"] },
  () => {
    test("its pod's class is by DSCP, through a tunnel that inherits it, and not by a DSCP of the pod's own", async () => {
      const [bulk, user] = [await site.node.addPod("ovsbulk"), await site.node.addPod("ovsuser")];
      await site.node.exec("sh", ["-ec", OVS], { timeoutMs: 120_000 });
      try {
        await attach(site.node, bulk, { address: "10.88.0.3", uplink, labels: bulkLabel }, "vbulk");
        await attach(site.node, user, { address: "10.88.0.4", uplink }, "vuser");
        expect(await classOfPings(site.node, bulk, "10.88.0.2")).toBe("1:20");
        expect(await classOfPings(site.node, user, "10.88.0.2")).toBe("1:10");
        expect(await classOfPings(site.node, user, "10.88.0.2", disguise)).toBe("1:10");
      } finally {
        await site.node.exec("sh", ["-c", "kill $(cat /run/ovs/*.pid)"], { reject: false });
      }
    });
  },
);

/** A switch with a port for each pod and a tunnel to the server that copies the DSCP to the outer header. */
const OVS = `
modprobe openvswitch
mkdir -p /run/ovs
cd /run/ovs
export OVS_RUNDIR=/run/ovs
ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server --remote=punix:/run/ovs/db.sock --pidfile=/run/ovs/db.pid --detach --no-chdir --log-file=/run/ovs/db.log conf.db
vsctl() { ovs-vsctl --timeout=30 --db=unix:/run/ovs/db.sock "$@"; }
vsctl --no-wait init
ovs-vswitchd unix:/run/ovs/db.sock --pidfile=/run/ovs/vswitchd.pid --detach --no-chdir --log-file=/run/ovs/vswitchd.log
vsctl add-br br0
for pod in bulk user; do
  ip link add "v$pod" type veth peer name eth0 netns "ovs$pod"
  ip link set "v$pod" up
  ip -n "ovs$pod" link set eth0 mtu 1400 up
  vsctl add-port br0 "v$pod"
done
ip -n ovsbulk address add 10.88.0.3/24 dev eth0
ip -n ovsuser address add 10.88.0.4/24 dev eth0
vsctl add-port br0 tun0 -- set interface tun0 type=vxlan options:remote_ip=203.0.113.2 options:key=7 options:tos=inherit
ip -n server link add vx7 type vxlan id 7 dstport 4789 local 203.0.113.2 remote 203.0.113.1 dev wan0
ip -n server address add 10.88.0.2/24 dev vx7
ip -n server link set vx7 up
`;
