/**
 * The conflist of the runbook on flannel, through real cnitool: pods behind a bridge and SNAT, in their classes by annotation.
 * Of IPv4 alone, which is what flanneld's subnet file gives the lab's pods; uplink-paths has SNAT and VXLAN of both.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChain } from "../lab/plugin/chain.ts";
import { conflistPath, siteNamed, type OpenSite } from "../lab/plugin/chain-sites.ts";
import { suite } from "../lab/node/needs.ts";
import { membersOf } from "../lab/uplink/uplink.ts";
import { classOfPings } from "../lab/uplink/uplink-counts.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const flannel = siteNamed("flannel");
const conflist = conflistPath("10-flannel-uplink.conflist");
const bulkArgs = { capArgs: capArgsOf({ "pod-qos/class": "bulk-seed" }) };

suite("flannel with an uplink", { ...flannel.needs, tools: ["ipset", "ping"] }, () => {
  let site: OpenSite;
  beforeAll(async () => {
    site = await flannel.open();
    await site.node.addPod("far");
    await site.node.exec("sh", ["-ec", UPLINK]);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  test("000-5 000-6 000-10 pods behind the bridge and SNAT are in their class from ADD to DEL", async () => {
    const { node } = site;
    const [bulk, user] = [await node.addPod(), await node.addPod()];
    const added = await runChain(node, "add", conflist, bulk, bulkArgs);
    await runChain(node, "add", conflist, user);
    const [address = ""] = added.result?.ips?.map((ip) => ip.address.split("/")[0] ?? "") ?? [];
    expect(await membersOf(node, "bulkseed-pods")).toEqual([address]);
    expect(await classOfPings(node, bulk, "203.0.113.2")).toBe("1:20");
    expect(await classOfPings(node, user, "203.0.113.2")).toBe("1:10");
    await runChain(node, "check", conflist, bulk, bulkArgs);
    await runChain(node, "check", conflist, user);
    await runChain(node, "del", conflist, bulk, bulkArgs);
    await runChain(node, "del", conflist, user);
    expect(await membersOf(node, "bulkseed-pods")).toEqual([]);
  });
});

/** The rule is the one that flanneld makes where it masquerades itself, and the plugin then does not. */
const UPLINK = `
ip link add eth0 type veth peer name wan0 netns far
ip address add 203.0.113.1/30 dev eth0
ip link set eth0 up
ip -n far address add 203.0.113.2/30 dev wan0
ip -n far link set wan0 up
ip route add default via 203.0.113.2
iptables -t nat -A POSTROUTING -s 198.51.100.0/24 ! -d 198.51.100.0/24 -j MASQUERADE
`;
