/** Seed 000's runbook: what it tells the operator to look at, with the words that it uses. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

suite("the bulk-seed runbook", { plugin: true, tools: ["ipset", "iptables"] }, () => {
  let site: UplinkSite;
  beforeAll(async () => {
    site = await openUplinkSite();
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  test("000-1 000-7 000-8 000-9 its three commands print what it says", async () => {
    const bulk = await addedUplinkPod(site, { labels: bulkLabel });
    const user = await addedUplinkPod(site);

    expect(await site.sh("tc qdisc show dev eth0")).toMatch(/^qdisc htb 1: root .* default 0x10 /);
    const classes = await site.sh("tc class show dev eth0");
    expect(classes).toMatch(/^class htb 1:10 parent 1:1 .* prio 0 rate 150Mbit ceil 200Mbit /m);
    expect(classes).toMatch(/^class htb 1:20 parent 1:1 .* prio 1 rate 50Mbit ceil 200Mbit /m);
    expect(await site.sh("iptables -t mangle -L PREROUTING -n -v | grep bulkseed")).toMatch(
      /^ *0 +0 MARK .* match-set bulkseed-pods src .* MARK or 0x1$/,
    );
    expect(await site.sh("ip6tables -t mangle -L PREROUTING -n -v | grep bulkseed")).toMatch(
      / match-set bulkseed-pods-v6 src .* MARK or 0x1$/,
    );
    expect(await site.sh("ipset list bulkseed-pods")).toMatch(
      new RegExp(`^Name: bulkseed-pods\nType: hash:ip\n[^]*Members:\n${bulk.wire.pod4}$`),
    );
    for (const { call } of [bulk, user]) {
      expect(await call("CHECK")).toMatchObject({ exitCode: 0, stdout: "" });
    }
    for (const { call } of [bulk, user]) expect(await call("DEL")).toMatchObject({ exitCode: 0 });
  });

  test("000-5 000-6 000-10 the set holds exactly the addresses of the live bulk pods, of both families", async () => {
    const first = await addedUplinkPod(site, { labels: bulkLabel });
    const annotated = await addedUplinkPod(site, { annotations: { "pod-qos/class": "bulk-seed" } });
    const user = await addedUplinkPod(site, { labels: { app: "web" } });
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual(
      [first.wire.pod4, annotated.wire.pod4].toSorted(),
    );
    expect(await membersOf(site.node, "bulkseed-pods-v6")).toEqual(
      [first.wire.pod6, annotated.wire.pod6].toSorted(),
    );

    expect((await first.call("ADD")).exitCode).toBe(0);
    expect((await first.call("DEL")).exitCode).toBe(0);
    expect((await first.call("DEL")).exitCode).toBe(0);
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([annotated.wire.pod4]);
    await annotated.pod.remove();
    expect((await annotated.call("DEL")).exitCode).toBe(0);
    expect((await user.call("DEL")).exitCode).toBe(0);
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([]);
    expect(await membersOf(site.node, "bulkseed-pods-v6")).toEqual([]);
    // The classes are the node's: they stay.
    expect(await site.sh("tc class show dev eth0")).toMatch(/^class htb 1:20 /m);
  });

  test("an address that another pod has been given since stays in the set", async () => {
    const old = await addedUplinkPod(site, { labels: bulkLabel });
    const heir = await uplinkPod(site, { labels: bulkLabel });
    const prevResult = { ...old.wire.prevResult, cniVersion: "1.1.0" };
    expect((await heir.call("ADD", { prevResult })).exitCode).toBe(0);
    expect((await old.call("DEL")).exitCode).toBe(0);
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([old.wire.pod4]);
    expect((await heir.call("DEL")).exitCode).toBe(0);
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([]);
  });

  test("000-10 GC takes the addresses of pods that are gone out of the sets", async () => {
    const stale = await addedUplinkPod(site, { labels: bulkLabel });
    const live = await addedUplinkPod(site, { labels: bulkLabel });
    await stale.pod.remove();
    const listed = { "cni.dev/valid-attachments": [{ containerID: live.pod.containerId, ifname: "eth0" }] };
    expect(await live.call("GC", listed)).toMatchObject({ exitCode: 0 });
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([live.wire.pod4]);
    expect((await live.call("DEL")).exitCode).toBe(0);
  });

  test("a pod that changes its class leaves the old one's set", async () => {
    const { call, wire } = await addedUplinkPod(site, { labels: bulkLabel });
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([wire.pod4]);
    expect((await call("ADD", { args: {} })).exitCode).toBe(0);
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual([]);
    expect((await call("DEL")).exitCode).toBe(0);
  });

  test("an unknown class is code 7, lists those that exist and leaves nothing", async () => {
    const { call } = await uplinkPod(site, { annotations: { "pod-qos/class": "bulk" } });
    const before = await site.node.dump();
    expect((await call("ADD")).error).toMatchObject({
      code: 7,
      msg: expect.stringContaining(
        'there is no class "bulk": uplink.classes has default, bulk-seed',
      ) as string,
    });
    expect(await site.node.dump()).toBe(before);
  });

  test("CHECK names a rule that lets no packet come to ours, and ADD does not fail over it", async () => {
    const { call } = await addedUplinkPod(site, { labels: bulkLabel });
    for (const command of ["iptables", "ip6tables"]) {
      await site.node.exec(command, ["-t", "mangle", "-I", "POSTROUTING", "-o", "eth0", "-j", "ACCEPT"]);
      const hidden = `${command} mangle chain POD-QOS-UP-eth0: no packet gets to it past the rule "POSTROUTING -o eth0 -j ACCEPT"`;
      expect((await call("CHECK")).error).toMatchObject({
        code: 100,
        msg: expect.stringContaining(hidden) as string,
      });
      expect((await call("ADD")).exitCode).toBe(0);
      await site.node.exec(command, ["-t", "mangle", "-D", "POSTROUTING", "-o", "eth0", "-j", "ACCEPT"]);
    }
    expect((await call("CHECK")).stdout).toBe("");
    await call("DEL");
  });

  test("STATUS tells what the first ADD would", async () => {
    const { call } = await uplinkPod(site);
    expect(await call("STATUS")).toMatchObject({ exitCode: 0 });
    const nowhere = await call("STATUS", { uplink: { ...uplink200, device: "eth9" } });
    expect(nowhere.error).toMatchObject({
      code: 50,
      details: expect.stringContaining('no link "eth9"') as string,
    });
  });
});
