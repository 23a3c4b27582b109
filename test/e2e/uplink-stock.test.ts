/** The ways to the uplink that only a stock kernel has: ipvlan in its three modes, and Open vSwitch. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import { paced } from "../lab/traffic/pace.ts";
import type { Pod } from "../lab/node/pod.ts";
import {
  attach,
  bulkLabel,
  childPod,
  openUplinkSite,
  uplink200,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";
import { classOfPings } from "../lab/uplink/uplink-counts.ts";

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

/** The way to its class differs by the mode, not by the family: in the VM each mode goes one. */
const ways = paced(
  "to its class a pod on ipvlan",
  ["l2", "l3", "l3s"].flatMap((mode) =>
    ["192.0.2.1", "2001:db8:fffe::1"].map((there) => [mode, there] as const),
  ),
  0,
  ([mode, there]) => there.includes(":") === (mode === "l3"),
);
const byTunnel = paced("a class by DSCP, through a tunnel to", ["10.88.0.2", "2001:db8:88::2"], 2);

suite("ipvlan on the uplink", { plugin: true, features: ["ipvlan"], tools: ["ipset", "ping"] }, () => {
  test.each(["l2", "l3", "l3s"])(
    "%s: a pod is in its class, whatever it writes on its packets",
    async (mode) => {
      // In the routed modes no pod answers who it is: what comes back goes by way of the node, and with l3 not through its nat.
      await site.sh("iptables -t nat -F POSTROUTING; ip6tables -t nat -F POSTROUTING");
      await site.server.exec("sh", ["-ec", ROUTED_SERVER]);
      await site.sh(ROUTED_NODE);
      const own = { kind: `ipvlan mode ${mode}`, uplink };
      const bulk = await childPod(site, { ...own, ...lan(11), name: "lanbulk", labels: bulkLabel });
      const user = await childPod(site, { ...own, ...lan(12), name: "lanuser" });
      for (const [, there] of ways.filter(([by]) => by === mode)) {
        expect(await classOfPings(site.node, bulk, there)).toBe("1:20");
        expect(await classOfPings(site.node, user, there)).toBe("1:10");
        expect(await classOfPings(site.node, user, there, disguise)).toBe("1:10");
        expect(await classOfPings(site.node, user, there, ["-m", "1"])).toBe("1:10");
      }
    },
  );
});

suite(
  "a port of Open vSwitch",
  { plugin: true, features: ["ipvlan"], tools: ["ovs-vswitchd", "ovsdb-server", "ipset", "ping"] },
  () => {
    test("its pod's class is by DSCP, through a tunnel that inherits it, and not by a DSCP of the pod's own", async () => {
      await onSwitch(async (bulk, user) => {
        const [ofBulk, ofUser] = [port(3), port(4)];
        await attach(site.node, bulk, { ...ofBulk, uplink, labels: bulkLabel }, "vbulk");
        await attach(site.node, user, { ...ofUser, uplink }, "vuser");
        for (const there of byTunnel) {
          expect(await classOfPings(site.node, bulk, there)).toBe("1:20");
          expect(await classOfPings(site.node, user, there)).toBe("1:10");
          expect(await classOfPings(site.node, user, there, disguise)).toBe("1:10");
        }
      });
    });

    test("its pod stays in its class whatever DSCP a rule of the pod sets, with a limit and without", async () => {
      const rules = [
        { dscp: "AF11", bandwidth: { rate: 2000, burst: 100 }, classifier: { to: [block("10.0.0.0/8")] } },
        { classifier: { to: [block("2001:db8::/32")] } },
      ];
      await onSwitch(async (bulk, user) => {
        const own = { "pod-qos/egress": JSON.stringify(rules), "pod-qos/dscp": "AF11" };
        const disguised = { "pod-qos/egress": '[{"dscp":"CS1"}]', "pod-qos/dscp": "CS1" };
        await attach(site.node, bulk, { ...port(3), uplink, labels: bulkLabel, annotations: own }, "vbulk");
        await attach(site.node, user, { ...port(4), uplink, annotations: disguised }, "vuser");
        for (const there of ["10.88.0.2", "2001:db8:88::2"]) {
          expect(await classOfPings(site.node, bulk, there)).toBe("1:20");
          expect(await classOfPings(site.node, user, there)).toBe("1:10");
        }
      });
    });
  },
);

/** With two pods that have a port each; the switch is ended behind it. */
const onSwitch = async (body: (bulk: Pod, user: Pod) => Promise<void>): Promise<void> => {
  const [bulk, user] = [await site.node.addPod("ovsbulk"), await site.node.addPod("ovsuser")];
  await site.node.exec("sh", ["-ec", OVS], { timeoutMs: 120_000 });
  try {
    await body(bulk, user);
  } finally {
    await site.node.exec("sh", ["-c", "kill $(cat /run/ovs/*.pid)"], { reject: false });
  }
};

const lan = (host: number) => ({ address: `192.0.2.${host}`, address6: `2001:db8:fffe::${host}` });
const block = (cidr: string) => ({ ipBlock: { cidr } });
const port = (host: number) => ({ address: `10.88.0.${host}`, address6: `2001:db8:88::${host}` });

const ROUTED_SERVER = `
ip address add 192.0.2.1/32 dev wan0
ip route add 192.0.2.0/24 via 203.0.113.1
ip address add 2001:db8:fffe::1/128 dev wan0 nodad
ip route add 2001:db8:fffe::/64 via 2001:db8:ffff::1
`;
const ROUTED_NODE = `
ip route add 192.0.2.1 dev eth0
ip route add 2001:db8:fffe::1 dev eth0
`;

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
ip -n ovsbulk address add 2001:db8:88::3/64 dev eth0 nodad
ip -n ovsuser address add 2001:db8:88::4/64 dev eth0 nodad
vsctl add-port br0 tun0 -- set interface tun0 type=vxlan options:remote_ip=203.0.113.2 options:key=7 options:tos=inherit
ip -n server link add vx7 type vxlan id 7 dstport 4789 local 203.0.113.2 remote 203.0.113.1 dev wan0
ip -n server address add 10.88.0.2/24 dev vx7
ip -n server address add 2001:db8:88::2/64 dev vx7 nodad
ip -n server link set vx7 up
`;
