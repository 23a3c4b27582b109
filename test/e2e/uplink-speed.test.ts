/** `rate: "auto"` on a link whose speed changes, as a bond's does that loses a member. */
import { rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { succeeded } from "../lab/plugin/answers.ts";
import { addPacedLink, setSpeed } from "../lab/node/link-speed.ts";
import { suite } from "../lab/node/needs.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import {
  addedUplinkPod,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const needs = { plugin: true, features: ["tap"], tools: ["ipset", "perl"] } as const;

suite("an uplink of the link's own speed", needs, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
    await addPacedLink(site.node, "up0", 2000);
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  const uplink = { ...uplink200, device: "up0", rate: "auto" };
  const root = async (): Promise<string> =>
    (await site.node.exec("tc", ["class", "show", "dev", "up0", "classid", "1:1"])).stdout;

  test("networks that agree go on agreeing when it changes, and `show` tells the new one", async () => {
    const first = await addedUplinkPod(site, { network: "neta", uplink });
    await addedUplinkPod(site, { network: "netb", uplink });
    expect(await root()).toContain(" rate 1900Mbit ");
    await setSpeed(site.node, "up0", 1000);
    succeeded(await first.call("ADD"));
    expect(await root()).toContain(" rate 950Mbit ");
    const { json } = await callPlugin(site.node, { argv: ["uplink", "show", "--json"] });
    expect(json).toMatchObject([{ device: "up0", rate: 950e6 }]);
  });

  test("what a former build wrote is no word, and shown all the same", async () => {
    const first = await addedUplinkPod(site, { network: "neta", uplink });
    await addedUplinkPod(site, { network: "netb", uplink });
    const path = site.node.path("/run/pod-qos/uplinks/up0.json");
    const former = { network: "netb", uplink: { device: "up0", rate: 123e6, classes: [] } };
    for (const file of [path, site.node.path("/run/pod-qos/uplinks/up0/netb.json")]) {
      rmSync(file);
      writeFileSync(file, JSON.stringify(former));
    }
    const show = { argv: ["uplink", "show", "--json"] };
    expect((await callPlugin(site.node, show)).json).toMatchObject([{ network: "netb", rate: 123e6 }]);
    succeeded(await first.call("ADD"));
    expect((await callPlugin(site.node, show)).json).toMatchObject([{ network: "neta", rate: 1900e6 }]);
  });

  test("a network that says another rate is told so at any speed", async () => {
    await addedUplinkPod(site, { network: "neta", uplink });
    await setSpeed(site.node, "up0", 1000);
    const second = await uplinkPod(site, { network: "netb", uplink: { ...uplink, rate: "1900M" } });
    expect((await second.call("ADD")).error).toMatchObject({
      code: 7,
      details: expect.stringContaining('rate: "netb" says 1.9G, "neta" says 950M') as string,
    });
  });
});
