/** What a conf leaves to the node: the device of its default route, 95 % of the link's speed, and the class of most pods. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/answers.ts";
import { suite } from "../lab/needs.ts";
import {
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink.ts";
import { classOfPings } from "../lab/uplink-counts.ts";

suite("an uplink of automatic settings", { plugin: true, tools: ["ipset", "ping"] }, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  const sh = async (script: string): Promise<string> => (await site.node.exec("sh", ["-ec", script])).stdout;
  const roots = (): Promise<string> =>
    sh("tc qdisc show | sed -n 's/^qdisc htb 1: dev \\([^ ]*\\) root.*/\\1/p'");
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
    await sh(routes);
    const uplink = { ...uplink200, device: "auto" };
    const bulk = await uplinkPod(site, { uplink, labels: bulkLabel });
    succeeded(await bulk.call("ADD"));
    expect(await roots()).toBe("eth0");
    expect(await classOfPings(site.node, bulk.pod, site.server6)).toBe("1:20");
    succeededSilently(await bulk.call("CHECK"));
    succeededSilently(await bulk.call("DEL"));
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([]);
  });

  test("device auto of a node without a default route is refused, and nothing is made", async () => {
    await sh("ip route del default");
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, device: "auto" } });
    failed(await call("ADD"), 7, ["uplink.device", "no default route"]);
    expect(await roots()).toBe("");
  });

  test("rate auto is 95 % of what the kernel says of the link", async () => {
    const speed = Number(readFileSync(site.node.path("/sys/class/net/eth0/speed"), "utf8"));
    expect(speed).toBeGreaterThan(0);
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, rate: "auto" } });
    succeeded(await call("ADD"));
    const [, rate = "", unit = ""] =
      / 1:1 root .*\brate (\d+)(\w)bit /.exec(await sh("tc class show dev eth0")) ?? [];
    expect(Number(rate) * ({ K: 1e3, M: 1e6, G: 1e9 }[unit] ?? 1)).toBe(speed * 0.95e6);
    succeededSilently(await call("CHECK"));
  });

  test("rate auto is refused where the kernel does not know the speed, with what to write instead", async () => {
    await sh("ip link add br0 type bridge; ip link set br0 up");
    const { call } = await uplinkPod(site, { uplink: { ...uplink200, device: "br0", rate: "auto" } });
    failed(await call("ADD"), 7, ["uplink.rate", "br0", "knows no speed", '"950M"']);
    expect(await roots()).toBe("");
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
