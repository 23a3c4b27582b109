/** Runs in the VM: `guest.ts CHAIN EXECUTABLE`. One pod's life under a real containerd; what was seen goes to /vm-out/report.json. */
import { readdirSync, writeFileSync } from "node:fs";
import { CHAINS, type Chain, type ChainName, type Marks, prepareNode, readMarks } from "./chains.ts";
import { type HtbClass, htbClasses, leftovers, measureSpeeds, type Speeds } from "./observe.ts";
import { startRuntime } from "./runtime.ts";
import type { Cri } from "./cri.ts";

export type Report = {
  readonly ready: boolean;
  readonly address: string;
  readonly podClasses: readonly HtbClass[];
  readonly nodeClasses: readonly HtbClass[];
  readonly speeds: Speeds;
  readonly marks: Marks;
  readonly before: string;
  readonly after: string;
};

const POD = {
  name: "capped",
  uid: "0f7c1c2e-6f1d-4b0e-9a53-2d2b6c1f7a10",
  annotations: {
    "kubernetes.io/egress-bandwidth": "10M",
    "kubernetes.io/ingress-bandwidth": "20M",
    "pod-qos/dscp": "46",
  },
};
const NAMESPACES = "/run/netns";

const [name, executable = ""] = process.argv.slice(2);
writeFileSync("/vm-out/report.json", JSON.stringify(await lifeOfPod(CHAINS[name as ChainName]), null, 2));

async function lifeOfPod(chain: Chain): Promise<Report> {
  await prepareNode(chain);
  const logFile = "/vm-out/containerd.log";
  const runtime = await startRuntime({ executable, conflist: chain.conflist, logFile });
  const before = await leftovers();
  const others = new Set(readdirSync(NAMESPACES));
  const id = await runtime.cri.runSandbox(POD);
  const namespace = readdirSync(NAMESPACES).find((each) => !others.has(each)) ?? "";
  const seen = await observe(chain, runtime.cri, id, ["ip", "netns", "exec", namespace]);
  await runtime.cri.stopSandbox(id);
  await runtime.cri.removeSandbox(id);
  const after = await leftovers();
  await runtime.stop();
  return { ...seen, before, after };
}

async function observe(
  chain: Chain,
  cri: Cri,
  id: string,
  inPod: readonly string[],
): Promise<Omit<Report, "before" | "after">> {
  const { ready, address } = await cri.sandboxStatus(id);
  const podClasses = await htbClasses(inPod);
  const nodeClasses = await htbClasses([]);
  const speeds = await measureSpeeds(chain, inPod);
  return { ready, address, podClasses, nodeClasses, speeds, marks: await readMarks(chain) };
}
