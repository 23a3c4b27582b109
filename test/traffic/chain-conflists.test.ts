/** Every conflist of conflists/ as it stands there, through real cnitool and real primary plugins, with real traffic. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChain, type CniResult } from "../lab/plugin/chain.ts";
import { sites, type OpenSite, type Site } from "../lab/plugin/chain-sites.ts";
import { suite } from "../lab/node/needs.ts";
import { onAnyKernel, paced } from "../lab/traffic/pace.ts";
import { recordPlugin, type Recording } from "../lab/plugin/recorder.ts";
import { addressesOf, speedsOf } from "../lab/traffic/speeds.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { capArgsOf } from "../lab/plugin/wishes.ts";

const EGRESS = 10e6;
const INGRESS = 20e6;
const egressOnly = { capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": "10M" }) };
const both = {
  capArgs: capArgsOf({ "kubernetes.io/egress-bandwidth": "10M", "kubernetes.io/ingress-bandwidth": "20M" }),
};

/** Of what a stock kernel alone has. Mode l2 of ipvlan the VM measures in chain-ipvlan-traffic, with CHECK in chain-ipvlan. */
const chosen = paced(
  "a pod on",
  sites,
  0,
  ({ name, needs }) => needs.features !== undefined && name !== "ipvlan-l2",
);
for (const site of chosen) suite(`a pod on ${site.name}`, site.needs, () => onSite(site));

const onSite = (site: Site): void => {
  const wishes = site.holdsIngress ? both : egressOnly;
  let open: OpenSite;
  let recording: () => Recording;
  beforeAll(async () => {
    open = await site.open();
    recording = recordPlugin(open.node);
    // What the first pod of a node brings for good: a bridge, the knowledge of what this kernel can do.
    const first = await open.node.addPod();
    await runChain(open.node, "add", site.conflist, first, wishes);
    await runChain(open.node, "del", site.conflist, first, wishes);
    await first.remove();
  });
  afterAll(() => open.node[Symbol.asyncDispose]());

  const families = paced(`the speeds of a pod on ${site.name} of`, ["v4", "v6"], 2);
  const caps = site.holdsIngress ? "both caps" : "its egress cap";
  test(`is held to ${caps}, passes CHECK, and leaves nothing on the node`, async () => {
    const { node, peer } = open;
    const pod = await node.addPod();
    const before = await node.dump();
    const { result, client } = await runChain(node, "add", site.conflist, pod, wishes);
    expect(client).toBe("cnitool");
    await runChain(node, "check", site.conflist, pod, wishes);
    for (const [family, address] of addressesOf(result)) {
      if (!families.includes(family)) continue;
      await twice(`${site.name}, ${family}`, async () => {
        const speeds = await speedsOf({ pod, address, peer, family });
        // Headers take 5 %, and the acknowledgements of each flow share the other's cap.
        const ingress = [
          ...within("ingress", speeds.ingress / INGRESS, 0.8, 1),
          ...within("ingress in the first second", speeds.firstIngress / INGRESS, 0, 1.06),
        ];
        return [
          ...within("egress", speeds.egress / EGRESS, 0.8, 1),
          ...within("egress in the first second", speeds.firstEgress / EGRESS, 0, 1.06),
          ...(site.holdsIngress ? ingress : []),
        ];
      });
    }
    await runChain(node, "check", site.conflist, pod, wishes);
    await runChain(node, "del", site.conflist, pod, wishes);
    expect(await node.dump()).toBe(before);
    await pod.remove();
  });

  if (!site.holdsIngress) {
    test("is refused an ingress cap, which its kernel could not hold, and leaves nothing", async () => {
      const { node } = open;
      const pod = await node.addPod();
      const before = await node.dump();
      const answer = await runChain(node, "add", site.conflist, pod, { ...both, reject: false });
      expect(answer.exitCode).not.toBe(0);
      expect(answer.stdout + answer.stderr).toContain("mode l3s");
      await runChain(node, "del", site.conflist, pod, { ...both, reject: false });
      expect(await node.dump()).toBe(before);
      await pod.remove();
    });
  }

  onAnyKernel("without wishes gets no kernel object, and prevResult comes back byte for byte", async () => {
    const { node } = open;
    const pod = await node.addPod();
    const before = await node.dump();
    await runChain(node, "add", site.conflist, pod);
    expect(unchanged(recording())).toBe(true);
    await runChain(node, "check", site.conflist, pod);
    await runChain(node, "del", site.conflist, pod);
    expect(await node.dump()).toBe(before);

    // The same look at a pod with wishes, or it would prove nothing.
    await runChain(node, "add", site.conflist, pod, wishes);
    expect(unchanged(recording())).toBe(false);
    await runChain(node, "del", site.conflist, pod, wishes);
    await pod.remove();
  });
};

/** With or without wishes the answer is prevResult; says whether the kernel is as it was, too. */
const unchanged = ({ stdin, stdout, kernelBefore, kernelAfter }: Recording): boolean => {
  const { prevResult } = JSON.parse(stdin) as { prevResult: CniResult };
  expect(JSON.parse(stdout)).toEqual(prevResult);
  expect(stdin).toContain(stdout.trimEnd());
  return kernelAfter === kernelBefore;
};
