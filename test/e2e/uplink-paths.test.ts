/** The ways from a pod to the uplink, and which class its packets are counted in at the end of each. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import type { Namespace } from "../lab/node/process.ts";
import {
  addedUplinkPod,
  bulkLabel,
  childPod,
  openUplinkSite,
  uplink200,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";
import { classOfPings } from "../lab/uplink/uplink-counts.ts";

/** As in the runbook's conf, with a DSCP for those whose packets the node's rules do not see. */
const uplink = {
  ...uplink200,
  classes: { ...uplink200.classes, "bulk-seed": { ...uplink200.classes["bulk-seed"], dscp: "CS1" } },
};
/** CS1 in the byte that holds it. */
const cs1 = "0x20";

suite("the way to the uplink", { plugin: true, tools: ["ipset", "ping", "tcpdump"] }, () => {
  let site: UplinkSite;
  let user: UplinkPod;
  let bulk: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    await site.sh(VXLAN);
    user = await addedUplinkPod(site, { name: "user", uplink });
    bulk = await addedUplinkPod(site, { name: "bulk", uplink, labels: bulkLabel });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const classOf = (from: Namespace, address: string, more: readonly string[] = []): Promise<string> =>
    classOfPings(site.node, from, address, more);

  test.each(["server4", "server6"] as const)(
    "SNAT keeps the class, which is by the pod's own address: %s",
    async (to) => {
      expect(await classOf(bulk.pod, site[to])).toBe("1:20");
      expect(await classOf(user.pod, site[to])).toBe("1:10");
    },
  );

  test.each(["10.99.0.2", "fd99::2"])("VXLAN: the outer packet carries the class: %s", async (address) => {
    expect(await classOf(bulk.pod, address)).toBe("1:20");
    expect(await classOf(user.pod, address)).toBe("1:10");
  });

  test("a pod that writes a class's DSCP is not in the class for that, through SNAT or VXLAN", async () => {
    for (const address of [site.server4, site.server6, "10.99.0.2"]) {
      expect(await classOf(user.pod, address, ["-Q", cs1])).toBe("1:10");
    }
  });

  test("a class with a DSCP marks its pods' packets", async () => {
    const seen = site.server.start(
      "tcpdump",
      ["-i", "wan0", "-c", "3", "-v", "-n", "icmp and ip[1] = 0x20"],
      {
        timeoutMs: 8000,
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    await bulk.pod.exec("ping", ["-q", "-c", "4", "-i", "0.05", site.server4]);
    expect((await seen.done).stdout).toContain("tos 0x20");
  });

  test("what the node's rules do not sort is sorted by DSCP, as a port of Open vSwitch needs it", async () => {
    expect(await classOf(site.node, site.server4, ["-Q", cs1])).toBe("1:20");
    expect(await classOf(site.node, site.server6, ["-Q", cs1])).toBe("1:20");
    expect(await classOf(site.node, site.server4)).toBe("1:10");
  });

  test("a macvlan goes past the node's rules: its pod's priority picks the class, and no DSCP or mark of its own", async () => {
    const bulkLan = await childPod(site, {
      kind: MACVLAN,
      name: "lanbulk",
      address: "192.0.2.11",
      address6: "2001:db8:fffe::11",
      uplink,
      labels: bulkLabel,
    });
    const lan = { address: "192.0.2.12", address6: "2001:db8:fffe::12" };
    const userLan = await childPod(site, { kind: MACVLAN, name: "lanuser", ...lan, uplink });
    for (const there of ["192.0.2.1", "2001:db8:fffe::1"]) {
      expect(await classOf(bulkLan, there)).toBe("1:20");
      expect(await classOf(userLan, there)).toBe("1:10");
      expect(await classOf(userLan, there, ["-Q", cs1])).toBe("1:10");
      expect(await classOf(userLan, there, ["-m", "1"])).toBe("1:10");
    }
  });
});

const MACVLAN = "macvlan mode bridge";

/** What flannel makes: pods of other nodes lie behind it. */
const VXLAN = `
ip link add flannel.1 type vxlan id 1 dstport 8472 local 203.0.113.1 remote 203.0.113.2 dev eth0
ip address add 10.99.0.1/24 dev flannel.1
ip address add fd99::1/64 dev flannel.1 nodad
ip link set flannel.1 up
ip -n server link add flannel.1 type vxlan id 1 dstport 8472 local 203.0.113.2 remote 203.0.113.1 dev wan0
ip -n server address add 10.99.0.2/24 dev flannel.1
ip -n server address add fd99::2/64 dev flannel.1 nodad
ip -n server link set flannel.1 up
ip -n server route add 198.51.100.0/24 via 10.99.0.1
ip -n server route add 2001:db8::/36 via fd99::1
ip -n server address add 192.0.2.1/24 dev wan0
ip -n server address add 2001:db8:fffe::1/64 dev wan0 nodad
`;
