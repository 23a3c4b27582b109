/**
 * DEL: undo what the record says; with no record, what the identity alone tells. Needs neither prevResult nor a namespace
 * nor a valid conf, and succeeds when there is nothing to do: a runtime repeats it until it does. Who renames a network
 * has its pods deleted by the new name.
 */
import { networkName, podName } from "../cni/request.ts";
import { readLeniently } from "../cni/conf.ts";
import { namesakes, readRecord } from "../state/store.ts";
import type { Command } from "./context.ts";
import { alone } from "../attachment/lock.ts";
import { undo } from "../attachment/undo.ts";

export const del: Command = async ({ call, document, log }) => {
  const { stateDir } = readLeniently(document);
  const identity = { network: networkName(document), containerId: call.containerId, ifname: call.ifname };
  for (const known of [identity, ...namesakes(stateDir, identity)]) {
    await alone({ stateDir, identity: known, verb: "DEL" }, async () => {
      const record = readRecord(stateDir, known);
      await undo({ stateDir, identity: known, record, netns: call.netns }, log);
      if (record !== undefined) log("info", `DEL ${podName(call)} ${call.ifname}`);
    });
  }
  return undefined;
};
