/** What an operator costs who watches a hundred attachments: 25 pods with four interfaces each, capped in every way. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded } from "../lab/plugin/answers.ts";
import { crowd, type Stall } from "../lab/plugin/crowd.ts";
import { suite } from "../lab/node/needs.ts";
import { callPlugin, linkPlugin } from "../lab/plugin/plugin.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { bulkLabel, openUplinkSite, uplink200, type UplinkSite } from "../lab/uplink/uplink.ts";

/** Seconds of a processor for a start of bare Node where the limit was set. */
const NODE_START = 0.05;

const caps = { ingressBandwidth: "20M", egressBandwidth: "10M" };
const kinds: readonly object[] = [
  {},
  { args: { cni: { labels: bulkLabel } } },
  { defaults: caps },
  { defaults: caps, enforce: "pod", args: { cni: { labels: bulkLabel } } },
];

suite("show --watch", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  beforeAll(async () => {
    site = await openUplinkSite();
    const waiting = [...(await crowd(site.node, 25, kinds.length)).entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await added(...next);
    };
    await Promise.all([work(), work(), work(), work()]);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const added = async (at: number, { pod, ifname, prevResult }: Stall): Promise<void> => {
    const own = { cniVersion: "1.1.0", name: "podnet", type: "pod-qos", uplink: uplink200, prevResult };
    const { containerId, netns, name } = pod;
    const args = `K8S_POD_NAMESPACE=prod;K8S_POD_NAME=${name}`;
    const conf = { ...own, ...kinds[at % kinds.length] };
    succeeded(await callPlugin(site.node, { command: "ADD", conf, containerId, netns, ifname, args }));
  };

  test("on 100 attachments takes less than a tenth of a core", async () => {
    const watch = `${linkPlugin(site.node)} show --watch --count 9 >/run/frames; times`;
    // What a start of Node takes here, beside it: this machine may be slower, or shared.
    const bare = `for each in 1 2 3 4 5 6 7 8 9; do ${process.execPath} -e 0; done; times`;
    await twice("nine frames of 100 attachments", async () => {
      const start = performance.now();
      const { stdout } = await site.node.exec("sh", ["-c", watch]);
      const wall = (performance.now() - start) / 1000;
      const frames = readFileSync(site.node.path("/run/frames"), "utf8");
      expect(frames.match(/^prod\/pod\d+ +eth\d +veth /gm)).toHaveLength(9 * 100);
      expect(frames.match(/^prod\/pod\d+ .*\/20M /gm)).toHaveLength(9 * 50);
      expect(wall).toBeGreaterThan(8);
      const ofNode = cpuOfChildren((await site.node.exec("sh", ["-c", bare])).stdout) / 9;
      const slower = Math.max(1, ofNode / NODE_START);
      return within("processor time of a core", cpuOfChildren(stdout) / wall / slower, 0, 0.1);
    });
  });
});

/** Seconds, user and system, of what the shell started and of what that started: the second line of `times`. */
const cpuOfChildren = (times: string): number => {
  const [, ofChildren = ""] = times.trim().split("\n");
  const each = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)];
  return each.reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    each.length === 2 ? 0 : NaN,
  );
};
