/** An uplink that is not this network's alone: other networks' words, and what is somebody else's. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { suite } from "../lab/node/needs.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

suite("an uplink that others use", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  test("two networks agree on an uplink, or the second is told who said what", async () => {
    const first = await addedUplinkPod(site, { network: "neta" });
    const { default: kept } = uplink200.classes;
    const other = { ...uplink200, classes: { default: kept, "bulk-seed": { rate: "40M" } } };
    const second = await uplinkPod(site, { network: "netb", uplink: other });
    const before = await site.sh("tc class show dev eth0");
    expect((await second.call("ADD")).error).toMatchObject({
      code: 7,
      msg: `pod prod/${second.pod.name} eth0: networks "netb" and "neta" share the uplink eth0 and must say the same of it`,
      details: expect.stringContaining('classes.bulk-seed.rate: "netb" says 40M, "neta" says 50M') as string,
    });
    expect(await site.sh("tc class show dev eth0")).toBe(before);
    // Who says what stands goes on, and once both say the new it is true.
    expect((await first.call("ADD")).exitCode).toBe(0);
    expect((await first.call("ADD", { uplink: other })).exitCode).toBe(0);
    expect((await second.call("ADD")).exitCode).toBe(0);
    expect(await site.sh("tc class show dev eth0")).toMatch(/1:20 .* rate 40Mbit/);
    // A network without pods is not asked, once what it said is some time ago.
    expect((await second.call("DEL")).exitCode).toBe(0);
    expect((await first.call("ADD", { uplink: uplink200 })).error?.code).toBe(7);
    await site.sh("touch -d '2 minutes ago' /run/pod-qos/uplinks/eth0/netb.json");
    expect((await first.call("ADD", { uplink: uplink200 })).exitCode).toBe(0);
    expect(await site.sh("tc class show dev eth0")).toMatch(/1:20 .* rate 50Mbit/);
    await site.sh('echo \'{"network":"netb","uplink":{}}\' >/run/pod-qos/uplinks/eth0/netb.json');
    expect((await first.call("ADD", { uplink: other })).exitCode).toBe(0);
  });

  test("a network without pods that spoke before the clock was set back keeps nobody waiting", async () => {
    const gone = await addedUplinkPod(site, { network: "netb" });
    succeededSilently(await gone.call("DEL"));
    const { default: kept } = uplink200.classes;
    const other = { ...uplink200, classes: { default: kept, "bulk-seed": { rate: "40M" } } };
    const pod = await uplinkPod(site, { network: "neta", uplink: other });
    failed(await pod.call("ADD"), 7, ['networks "neta" and "netb" share the uplink eth0']);
    await site.sh("touch -d '1 hour' /run/pod-qos/uplinks/eth0/netb.json");
    succeeded(await pod.call("ADD"));
  });

  test("a class that the conf has lost and a filter of the operator's keeps stops no pod, and CHECK tells of it", async () => {
    const { classes } = uplink200;
    const former = { ...classes, default: { rate: "149M" }, other: { rate: "1M" } };
    const withOther = { ...uplink200, classes: former };
    const pod = await addedUplinkPod(site, { uplink: withOther });
    await site.sh(
      "tc filter add dev eth0 parent 1: pref 5 protocol ip u32 match ip dst 192.0.2.9 flowid 1:30",
    );
    const next = await uplinkPod(site);
    for (const each of [pod, next]) {
      succeeded(await each.call("ADD", { uplink: uplink200 }));
      failed(await each.call("CHECK", { uplink: uplink200 }), 100, [
        "htb class 1:30 on eth0 is there, though nothing asks for it",
      ]);
    }
    await site.sh("tc filter del dev eth0 parent 1: pref 5");
    succeeded(await next.call("ADD"));
    succeededSilently(await next.call("CHECK"));
  });

  test.each([
    [
      "tc qdisc add dev eth0 root handle 1: htb default 10",
      "qdisc htb 1: root",
      "tc qdisc del dev eth0 root",
    ],
    [
      "tc qdisc add dev eth0 root tbf rate 1gbit burst 1mb latency 50ms",
      "qdisc tbf",
      "tc qdisc del dev eth0 root",
    ],
    [
      "ipset create bulkseed-pods hash:ip",
      "there is a set bulkseed-pods that is not ours",
      "ipset destroy bulkseed-pods",
    ],
    [
      "ipset create bulkseed-pods-v6 hash:ip family inet6",
      "there is a set bulkseed-pods-v6 that is not ours",
      "ipset destroy bulkseed-pods-v6",
    ],
    ...["iptables", "ip6tables"].map((tool) => [
      `${tool} -t mangle -N POD-QOS-UP-eth0; ${tool} -t mangle -A POD-QOS-UP-eth0 -j ACCEPT`,
      `${tool} mangle chain POD-QOS-UP-eth0 has a rule that is not ours, "-j ACCEPT"`,
      "take it out",
    ]),
  ])("what is foreign is respected, code 101: %s", async (command = "", what = "", how = "") => {
    await site.sh(command);
    const look =
      "tc class show dev eth0; tc qdisc show dev eth0 | sed 's/direct_packets_stat [0-9]*//'; " +
      "for tool in iptables ip6tables; do $tool-save -t mangle | sed -n '/^-A/p'; done; ipset save";
    const before = await site.sh(look);
    for (const labels of [bulkLabel, {}]) {
      const { call } = await uplinkPod(site, { labels });
      const { error } = await call("ADD");
      expect(error).toMatchObject({ code: 101, msg: expect.stringContaining(what) as string });
      expect(error?.msg).toContain(how);
    }
    expect(await site.sh(look)).toBe(before);
  });
});
