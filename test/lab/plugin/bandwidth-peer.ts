import { bitsOf, type CapRow } from "../traffic/cap-rows.ts";
import { podForRow, type CappedPod } from "./capped-pod.ts";
import type { LabNode } from "../node/node.ts";
import { peer } from "../node/paths.ts";
import { callPlugin } from "./plugin.ts";
import { LabError } from "../node/process.ts";

/** A pod with the row's cap put there by the CNI project's bandwidth plugin, with a burst of 100 ms: it has none of its own. */
export const bandwidthPluginPod = async (node: LabNode, row: CapRow): Promise<CappedPod> => {
  const plugin = peer("bandwidth");
  if (plugin === undefined) throw new Error("the bandwidth plugin is not installed");
  const made = await podForRow(node, row);
  const { containerId, netns } = made.pod;
  const call = async (command: "ADD" | "DEL"): Promise<void> => {
    const rate = bitsOf(row);
    const conf = {
      cniVersion: "1.0.0",
      name: "peer",
      type: "bandwidth",
      [`${row.direction}Rate`]: rate,
      [`${row.direction}Burst`]: rate / 10,
      prevResult: made.wire.prevResult,
    };
    const done = await callPlugin(node, { command, containerId, netns, ifname: "eth0", conf, plugin });
    if (done.exitCode !== 0) throw new LabError(done);
  };
  await call("ADD");
  return {
    ...made,
    cap: async () => {},
    end: async () => {
      await call("DEL");
      await made.pod.remove();
    },
  };
};
