import { bitsOf, type CapRow } from "../traffic/cap-rows.ts";
import { succeeded } from "./answers.ts";
import type { LabNode } from "../node/node.ts";
import { callPlugin } from "./plugin.ts";
import type { Pod } from "../node/pod.ts";
import type { Namespace } from "../node/process.ts";
import type { Load } from "../traffic/traffic.ts";
import { wirePod, type Wire } from "../node/wire.ts";

/** A pod on a veth, wired and not capped yet. */
export interface CappedPod {
  readonly pod: Pod;
  readonly wire: Wire;
  /** ADD with the row's cap. */
  readonly cap: () => Promise<void>;
  /** A load in the direction of the cap, and one against it. */
  readonly along: Omit<Load, "seconds">;
  readonly against: Omit<Load, "seconds">;
  readonly end: () => Promise<void>;
}

export const podForRow = async (node: LabNode, row: CapRow): Promise<CappedPod> => {
  const pod = await node.addPod();
  const wire = await wirePod(node, pod, { mtu: row.mtu });
  const call = async (command: "ADD" | "DEL"): Promise<void> => {
    const { containerId, netns } = pod;
    succeeded(
      await callPlugin(node, { command, containerId, netns, ifname: "eth0", conf: confOf(row, wire) }),
    );
  };
  const [nodeAddress, podAddress] = row.family === "v4" ? [wire.node4, wire.pod4] : [wire.node6, wire.pod6];
  const out = load(pod, node, nodeAddress);
  const back = load(node, pod, podAddress);
  return {
    pod,
    wire,
    cap: () => call("ADD"),
    along: row.direction === "egress" ? out : back,
    against: row.direction === "egress" ? back : out,
    end: async () => {
      await call("DEL");
      await pod.remove();
    },
  };
};

const load = (from: Namespace, to: Namespace, address: string): Omit<Load, "seconds"> => ({
  from,
  to,
  address,
});

const confOf = (row: CapRow, wire: Wire): object => ({
  cniVersion: "1.0.0",
  name: "caps",
  type: "pod-qos",
  enforce: row.enforce,
  discipline: row.discipline,
  prevResult: wire.prevResult,
  runtimeConfig: {
    "io.kubernetes.cri.pod-annotations": { [`kubernetes.io/${row.direction}-bandwidth`]: `${bitsOf(row)}` },
  },
});
