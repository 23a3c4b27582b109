/** The runbook's fallback: no shaping of the uplink, just a hard cap on what each bulk pod sends, behind flannel. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConflist, runChain } from "../lab/plugin/chain.ts";
import { siteNamed, type OpenSite } from "../lab/plugin/chain-sites.ts";
import { suite } from "../lab/node/needs.ts";
import type { Pod } from "../lab/node/pod.ts";
import { readCap } from "../lab/traffic/cap-reading.ts";
import { ipv4Of } from "../lab/traffic/speeds.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const { conflist, needs, open, mtu } = siteNamed("flannel");
const wishes = { capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": "50M" }) };
const CAP = 50e6;

suite("the static cap of the runbook, in 10-flannel.conflist", needs, () => {
  let site: OpenSite;
  let pod: Pod;
  let address = "";
  beforeAll(async () => {
    site = await open();
    pod = await site.node.addPod();
    const { result } = await runChain(site.node, "add", conflist, pod, wishes);
    address = ipv4Of(result);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  test("000-16 kubernetes.io/egress-bandwidth: 50M is a hard cap of 50 Mbit/s, also with many connections", async () => {
    const load = { from: pod, to: site.peer.ns, address: site.peer.v4, streams: 8 };
    await twice("eight connections", async () => {
      const { received, firstSecond } = await readCap(load, undefined, { mtu, seconds: 3 });
      return [
        ...within("what came in, with headers", received / CAP, 0.95, 1.02),
        ...within("the first second", firstSecond / CAP, 0, 1.06),
      ];
    });
  });

  test("000-17 it needs no shaping of the uplink: the conf names none, and no other device has a queue of ours", async () => {
    const entry = readConflist(conflist).plugins.find(({ type }) => type === "pod-qos");
    expect(entry).not.toHaveProperty("uplink");
    const { stdout } = await site.node.exec("tc", ["-j", "qdisc", "show"]);
    const rows = JSON.parse(stdout) as readonly { kind: string; handle: string; dev: string }[];
    const touched = rows.filter(({ kind, handle }) => handle !== "0:" && kind !== "noqueue");
    expect(touched.filter(({ dev }) => !/^(veth|pq)/.test(dev))).toEqual([]);
  });

  test("000-18 it is outbound only: what the pod receives is not capped", async () => {
    const back = { from: site.peer.ns, to: pod, address, congestion: "cubic", seconds: 3 };
    expect((await measure(back)).bitsPerSecond).toBeGreaterThan(2 * CAP);
  });
});
