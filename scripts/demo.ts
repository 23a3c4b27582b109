/**
 * The demo. First act: a small node, a pod, its traffic before, under and after a cap of 50 Mbit/s each way. Second act: a user and
 * a bulk pod share a node's uplink. Third act: what is edited reaches a pod that runs.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runChain, type ChainResult, type Conflist } from "../test/lab/plugin/chain.ts";
import { createNode, type LabNode } from "../test/lab/node/node.ts";
import { peer } from "../test/lab/node/paths.ts";
import type { Pod } from "../test/lab/node/pod.ts";
import { showHoldings } from "./show/holdings.ts";
import { OFFERED, watchLoad } from "./show/load.ts";
import { EDITS_AFTER, playLive } from "./show/live-act.ts";
import { paint, wrap } from "./show/paint.ts";
import { picture, type Phase } from "./show/svg.ts";
import { timeline } from "./show/timeline.ts";
import { LINK, playUplink } from "./show/uplink-act.ts";
import { compare, liveVerdict, uplinkVerdict, verdict } from "./show/verdict.ts";

const CAP = 50;

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { svg: { type: "string" }, "uplink-svg": { type: "string" } } });
  await using node = await createNode();
  const pod = await node.addPod("web");
  introduce();

  chapter(1, "No limits: the pod carries no annotation");
  const free = await withChain(node, pod, {}, 3);

  chapter(2, `The same pod with a cap of ${CAP}M each way`);
  console.log(wrap(`annotations: ${Object.keys(ANNOTATIONS).join(`: ${CAP}M, `)}: ${CAP}M`));
  const before = await node.dump();
  const added = await add(node, pod, ANNOTATIONS);
  const capped = await watch(node, pod, added, 5, CAP);

  chapter(3, "What the kernel holds for it");
  await showHoldings(node, "on the node");
  await showHoldings(pod, "in the pod");

  chapter(4, "DEL, and nothing is left");
  await runChain(node, "del", CONFLIST, pod);
  const clean = compare(before, await node.dump());

  chapter(5, "The same pod once more, without annotation");
  const after = await withChain(node, pod, {}, 3);

  const phases: readonly Phase[] = [
    { title: "No cap", note: `${OFFERED.slice(0, -1)} Mbit/s offered`, samples: free },
    { title: `Annotated ${CAP}M each way`, note: "from the first second on", samples: capped, cap: CAP },
    { title: "After DEL", note: "nothing left", samples: after },
  ];
  if (values.svg !== undefined) writeFileSync(values.svg, picture(phases));
  verdict(clean, phases);

  chapter(6, "Classes on the uplink: bulk borrows, yields, climbs back");
  const shared = await playUplink();
  if (values["uplink-svg"] !== undefined) writeFileSync(values["uplink-svg"], timeline(shared, LINK));
  uplinkVerdict(shared, LINK);

  chapter(7, "A running pod: an EgressQoS, a label and a cap are edited");
  liveVerdict(await playLive(), EDITS_AFTER);
};

const ANNOTATIONS = {
  "kubernetes.io/ingress-bandwidth": `${CAP}M`,
  "kubernetes.io/egress-bandwidth": `${CAP}M`,
} as const;

const BRIDGE = "cni0";

const CONFLIST: Conflist = {
  cniVersion: "1.0.0",
  name: "demo",
  plugins: [
    {
      type: "bridge",
      bridge: BRIDGE,
      isGateway: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "198.51.100.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
    { type: "pod-qos", capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true } },
  ],
};

const introduce = (): void => {
  const client =
    peer("cnitool") === undefined ? "the lab's own chain runner (no cnitool to be had here)" : "cnitool";
  console.log(paint("bold", "pod-qos: a pod, a cap, and what the kernel makes of it"));
  console.log(
    wrap(
      `A node and a pod in namespaces of their own, which end with this program, and a chain run by ${client}:`,
    ),
  );
  console.log(wrap('bridge with host-local, then { "type": "pod-qos", ... }.', "    "));
  console.log(wrap(`In each direction a sender offers ${OFFERED}bit/s of TCP. Bars show what arrives.`));
};

const chapter = (number: number, title: string): void =>
  console.log(`\n${paint("bold", `${number}  ${title}`)}`);

type Annotations = Readonly<Record<string, string>>;

const withChain = async (node: LabNode, pod: Pod, annotations: Annotations, seconds: number) => {
  const added = await add(node, pod, annotations);
  const samples = await watch(node, pod, added, seconds);
  await runChain(node, "del", CONFLIST, pod);
  return samples;
};

const add = (node: LabNode, pod: Pod, annotations: Annotations): Promise<ChainResult> =>
  runChain(node, "add", CONFLIST, pod, { capArgs: { "io.kubernetes.cri.pod-annotations": annotations } });

const watch = (node: LabNode, pod: Pod, { result }: ChainResult, seconds: number, cap?: number) => {
  const [address] = result?.ips ?? [];
  const host = result?.interfaces?.find(({ name, sandbox }) => name.startsWith("veth") && !sandbox);
  const podAddress = address?.address.split("/")[0];
  if (host === undefined || podAddress === undefined || address?.gateway === undefined) {
    throw new Error(`the chain answered without a veth or an address: ${JSON.stringify(result)}`);
  }
  return watchLoad({
    node,
    pod,
    seconds,
    podAddress,
    nodeAddress: address.gateway,
    bridge: BRIDGE,
    hostDevice: host.name,
    ...(cap === undefined ? {} : { cap }),
  });
};

await main();
