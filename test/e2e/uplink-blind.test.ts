/** "Could not look" is not "is not there": what verbs say of an uplink on a node that has lost a tool. */
import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { failed, succeededSilently } from "../lab/plugin/answers.ts";
import { suite } from "../lab/node/needs.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

suite("an uplink that cannot be looked at", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  let bulk: UplinkPod;
  beforeEach(async () => {
    site = await openUplinkSite();
    bulk = await addedUplinkPod(site, { labels: bulkLabel });
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  /** On this node alone: the file is covered by one that nobody can execute. */
  const without = async (tool: string, body: () => Promise<void>): Promise<void> => {
    const path = (await site.node.exec("sh", ["-c", `readlink -f "$(command -v ${tool})"`])).stdout;
    await site.node.exec("mount", ["--bind", "/dev/null", path]);
    await body();
    await site.node.exec("umount", [path]);
  };
  const removed = (): Promise<PluginResult> => callPlugin(site.node, { argv: ["uplink", "remove"] });
  const members = (): Promise<readonly string[]> => membersOf(site.node, "bulkseed-pods");

  test("DEL fails and keeps the record, and the next one takes the address out of its class", async () => {
    await without("ipset", async () => void failed(await bulk.call("DEL"), 102, ["ipset: not found"]));
    expect(await members()).toEqual([bulk.wire.pod4]);
    succeededSilently(await bulk.call("DEL"));
    expect(await members()).toEqual([]);
  });

  test("CHECK says that it could not look, not that a set is missing", async () => {
    await without("ipset", async () => {
      const { msg } = failed(await bulk.call("CHECK"), 102, ["ipset: not found"]);
      expect(msg).not.toContain("is missing:");
      expect(msg).not.toContain("bulkseed-pods is missing");
    });
    succeededSilently(await bulk.call("CHECK"));
  });

  test.each(["tc", "ipset"])("`uplink remove` without %s forgets nothing that may be there", async (tool) => {
    const said = site.node.path("/run/pod-qos/uplinks/eth0.json");
    await without(tool, async () => {
      expect(await removed()).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining(`${tool}: not found`) as string,
      });
    });
    expect(existsSync(said)).toBe(true);
    expect(await removed()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("ipset bulkseed-pods") as string,
    });
    expect((await site.node.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    expect(existsSync(said)).toBe(false);
  });
});
