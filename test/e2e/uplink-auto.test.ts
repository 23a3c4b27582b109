/** What a conf leaves to the node: the device of its default route, 95 % of the link's speed, and the class of most pods. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { addPacedLink } from "../lab/node/link-speed.ts";
import { suite } from "../lab/node/needs.ts";
import {
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";
import { classOfPings } from "../lab/uplink/uplink-counts.ts";

suite("an uplink of automatic settings", { plugin: true, tools: ["ipset", "ping"] }, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  const roots = (): Promise<string> =>
    site.sh("tc qdisc show | sed -n 's/^qdisc htb 1: dev \\([^ ]*\\) root.*/\\1/p'");
  const decoy = `
ip link add aaa0 type veth peer name bbb0
ip link set aaa0 up
ip link set bbb0 up
ip address add 192.0.2.1/24 dev aaa0
`;

  test.each([
    ["the default route with the lowest metric", `${decoy} ip route add default via 192.0.2.2 metric 900`],
    [
      "of IPv6 where IPv4 has none",
      `${decoy} ip route del default; ip -6 route add default via 2001:db8:ffff::2`,
    ],
  ])("device auto is the link of %s", async (_, routes) => {
    await site.sh(routes);
    const uplink = { ...uplink200, device: "auto" };
    const bulk = await uplinkPod(site, { uplink, labels: bulkLabel });
    succeeded(await bulk.call("ADD"));
    expect(await roots()).toBe("eth0");
    expect(await classOfPings(site.node, bulk.pod, site.server6)).toBe("1:20");
    succeededSilently(await bulk.call("CHECK"));
    succeededSilently(await bulk.call("DEL"));
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([]);
  });

  test("restore of a device that auto no longer means is refused, and the other one is left alone", async () => {
    succeeded(await (await uplinkPod(site, { uplink: { ...uplink200, device: "auto" } })).call("ADD"));
    await site.sh(`${decoy} ip route replace default via 192.0.2.2 dev aaa0; tc qdisc del dev eth0 root`);
    const { exitCode, stderr } = await callPlugin(site.node, { argv: ["uplink", "restore", "eth0"] });
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/leaves by aaa0 now, not by eth0[^]*uplink remove eth0/),
    ]);
    expect(await roots()).toBe("");
  });

  test("device auto of a default route with several hops warns of the others, once", async () => {
    await site.sh(`${decoy} ip route replace default nexthop via 203.0.113.2 nexthop via 192.0.2.2`);
    const uplink = { ...uplink200, device: "auto" };
    const [first, second] = [await uplinkPod(site, { uplink }), await uplinkPod(site, { uplink })];
    const { exitCode, stderr } = await first.call("ADD");
    expect({ exitCode, lines: stderr.split("\n").length }).toEqual({ exitCode: 0, lines: 1 });
    expect(stderr).toMatch(/ warn pod-qos: uplink\.device: "auto" is eth0, .* other hops, by aaa0: /);
    expect(await roots()).toBe("eth0");
    succeeded(await second.call("ADD"));
  });

  test("device auto of a node without a default route is refused, and nothing is made", async () => {
    await site.sh("ip route del default");
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, device: "auto" } });
    failed(await call("ADD"), 7, ["uplink.device", "no default route"]);
    expect(await roots()).toBe("");
  });

  test("rate auto is 95 % of what the link says of itself", async () => {
    await addPacedLink(site.node, "up0", 2000);
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, device: "up0", rate: "auto" } });
    succeeded(await call("ADD"));
    expect(await site.sh("tc class show dev up0 classid 1:1")).toContain(" rate 1900Mbit ");
    succeededSilently(await call("CHECK"));
  });

  test.each(["br0", "eth0"])(
    "rate auto is refused where a speed is made up, as a bridge's and a veth's: %s",
    async (device) => {
      await site.sh(
        "ip link add br0 type bridge; ip link add p0 type veth peer name p1; ip link set p0 master br0",
      );
      await site.sh("for link in p0 p1 br0; do ip link set $link up; done");
      expect(Number(readFileSync(site.node.path(`/sys/class/net/${device}/speed`), "utf8"))).toBe(10_000);
      const { call } = await uplinkPod(site, { uplink: { ...uplink200, device, rate: "auto" } });
      failed(await call("ADD"), 7, ["uplink.rate", device, "knows no speed", '"950M"']);
      expect(await roots()).toBe("");
    },
  );

  test("a link that was never up is told to be, and left as it is", async () => {
    await site.sh("ip link add up0 type veth peer name up1");
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, device: "up0" } });
    failed(await call("ADD"), 100, [
      'the uplink up0 has no queue yet: it was never up ("ip link set dev up0 up")',
    ]);
    await site.sh("ip link set up0 up");
    succeeded(await call("ADD"));
  });

  test("defaults.class is the class of a pod that asks for none, and only of that", async () => {
    const changes = { defaults: { class: "bulk-seed" } };
    const [silent, asking] = [
      await uplinkPod(site),
      await uplinkPod(site, { annotations: { "pod-qos/class": "default" } }),
    ];
    for (const { call } of [silent, asking]) succeeded(await call("ADD", changes));
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([silent.wire.pod4]);
    for (const address of [site.server4, site.server6]) {
      expect(await classOfPings(site.node, silent.pod, address)).toBe("1:20");
      expect(await classOfPings(site.node, asking.pod, address)).toBe("1:10");
    }
    for (const { call } of [silent, asking]) succeededSilently(await call("CHECK", changes));
  });
});
