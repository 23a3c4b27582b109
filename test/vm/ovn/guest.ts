/** Runs in the VM: two nodes with OVN, pods on both through the repository's conflists; what was seen goes to /vm-out/report.json. */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readConflist, type Conflist } from "../../lab/plugin/chain.ts";
import type { LabNode } from "../../lab/node/node.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { guide, installPolicies, type Guide } from "./guide.ts";
import { createNetwork, DEFAULT, STREAM } from "./network.ts";
import { addPod, withConf } from "./pods.ts";
import { survival, type Survival } from "./survival.ts";
import { tell } from "./tell.ts";

export type Report = {
  readonly before: string;
  readonly survival: Survival;
  readonly refusal: string;
  readonly guide: Guide;
  readonly after: string;
};

const CONFLISTS = join(resolve(import.meta.dirname, "../../.."), "conflists");

const cluster = await startCluster();
tell("OVN runs");
await createNetwork(cluster, DEFAULT);
await createNetwork(cluster, STREAM);
installPolicies(cluster);
const primary = readConflist(join(CONFLISTS, "05-ovn-kubernetes.conflist"));
const before = await leftovers(cluster.worker);
const report: Report = {
  before,
  survival: await survival(cluster, primary),
  refusal: await refusal(cluster, primary),
  guide: await guide(cluster, readConflist(join(CONFLISTS, "20-ovn-stream.conflist"))),
  after: await leftovers(cluster.worker),
};
writeFileSync("/vm-out/report.json", JSON.stringify(report, null, 2));
tell("done");
// The daemons of OVN keep our pipes open; they die with the VM.
process.exit(0);

/** What ADD answers where the operator insists on the node's end. */
async function refusal(on: Cluster, conflist: Conflist): Promise<string> {
  const insisting = await addPod(on, {
    name: "insisting",
    place: "worker",
    network: DEFAULT,
    conflist: withConf(conflist, { enforce: "host" }),
    host: 20,
    mayFail: true,
    annotations: { "pod-qos/egress-bandwidth": "20M" },
  });
  await insisting.run("del");
  return insisting.added.stdout;
}

/** Links, ports and queues of a node, records of the plugin. */
async function leftovers(node: LabNode): Promise<string> {
  const parts = [
    "ip -br link | cut -d' ' -f1",
    "ovs-vsctl list-ports br-int",
    "tc qdisc show",
    "ipset list -name",
  ];
  const records = "find /run/pod-qos -name '*@*'";
  const { stdout } = await node.exec("sh", ["-c", [...parts, records].join("; echo ---; ")]);
  return stdout;
}
