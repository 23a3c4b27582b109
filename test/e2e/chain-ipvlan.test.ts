/** What 004 asks of bandwidth on Spiderpool's ipvlan: a pod without an end on the node. On the stock kernel of the VM. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConflist, runChain } from "../lab/plugin/chain.ts";
import { siteNamed, type OpenSite } from "../lab/plugin/chain-sites.ts";
import { findShapers } from "../lab/traffic/cap-reading.ts";
import { suite } from "../lab/node/needs.ts";
import { recordPlugin, type Recording } from "../lab/plugin/recorder.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const { conflist, needs, open } = siteNamed("ipvlan-l2");
const both = (rate: string) => ({
  capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": rate, "kubernetes.io/ingress-bandwidth": rate }),
});

/** Links and queues of the node; its files have the record of every pod. */
const kernelOf = (dump: string): string => dump.slice(0, dump.indexOf("## files"));

suite("bandwidth on ipvlan l2", { ...needs, peers: [...(needs.peers ?? []), "static", "tuning"] }, () => {
  let site: OpenSite;
  let recording: () => Recording;
  beforeAll(async () => {
    site = await open();
    recording = recordPlugin(site.node);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  test("004-1 it stands between ipvlan and what follows, cniVersion 0.4.0, and passes prevResult on, 004-13 with another IPAM plugin", async () => {
    const list = readConflist(conflist);
    expect(list).toMatchObject({ cniVersion: "0.4.0", plugins: [{ type: "ipvlan", mode: "l2" }, {}] });
    expect(list.plugins[0]).toHaveProperty("master");
    // In the place of Spiderpool's coordinator: a plugin that needs prevResult and changes nothing.
    const ipam = { type: "static", addresses: [{ address: "192.0.2.77/24" }] };
    const [ipvlan, ...rest] = list.plugins;
    const longer = {
      ...list,
      plugins: [{ type: "ipvlan", ...ipvlan, ipam }, ...rest, { type: "tuning" }],
    };
    const pod = await site.node.addPod();
    const { result } = await runChain(site.node, "add", longer, pod, both("20M"));
    const { stdin, stdout } = recording();
    const { prevResult } = JSON.parse(stdin) as { prevResult: object };
    expect(JSON.parse(stdout)).toEqual(prevResult);
    expect(result).toMatchObject({
      interfaces: [{ name: "eth0" }],
      ips: [{ address: "192.0.2.77/24" }],
    });
    await runChain(site.node, "check", longer, pod, both("20M"));
    await runChain(site.node, "del", longer, pod, both("20M"));
  });

  test("004-6 004-7 it needs no end on the node, where all is as it was; 004-15 with the pod its rules are gone, before any DEL", async () => {
    const before = kernelOf(await site.node.dump());
    const pod = await site.node.addPod("brief");
    await runChain(site.node, "add", conflist, pod, both("20M"));
    expect((await findShapers(pod)).length).toBe(2);
    expect(kernelOf(await site.node.dump())).toBe(before);
    await pod.remove();
    expect(kernelOf(await site.node.dump())).toBe(before);
    await runChain(site.node, "del", conflist, pod, both("20M"));
  });

  test("004-14 100M is 100e6 bit/s, and 100m, a tenth of a bit, is refused and leaves nothing", async () => {
    const pod = await site.node.addPod();
    const before = await site.node.dump();
    const annotations = { "kubernetes.io/egress-bandwidth": "100m" };
    const options = { capArgs: { "io.kubernetes.cri.pod-annotations": annotations }, reject: false };
    const { exitCode, stdout, stderr } = await runChain(site.node, "add", conflist, pod, options);
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain("kubernetes.io/egress-bandwidth");
    expect(stdout + stderr).toContain("100m");
    await runChain(site.node, "del", conflist, pod, options);
    expect(await site.node.dump()).toBe(before);
  });
});
