/**
 * DEL: undo what the record says; with no record, what the identity alone tells. Needs neither prevResult nor a namespace
 * nor a valid conf, and succeeds when there is nothing to do: a runtime repeats it until it does. Who renames a network
 * has its pods deleted by the new name.
 */
import { addressesOf } from "../cni/prev-result.ts";
import { networkName, podName } from "../cni/request.ts";
import type { Identity } from "../datapath/names.ts";
import { readLeniently } from "../cni/conf.ts";
import { namesakes, readRecord } from "../state/store.ts";
import { alone } from "../attachment/lock.ts";
import { listUplinks } from "../state/uplinks.ts";
import type { Command, Context } from "./context.ts";
import { undo } from "../attachment/undo.ts";

export const del: Command = async (context) => {
  const { call, document, log } = context;
  const { stateDir } = readLeniently(document);
  const identity = { network: networkName(document), containerId: call.containerId, ifname: call.ifname };
  for (const known of [identity, ...namesakes(stateDir, identity)]) {
    await alone({ stateDir, identity: known, verb: "DEL" }, async () => {
      const record = readRecord(stateDir, known);
      await undo({ stateDir, identity: known, record, netns: call.netns }, log);
      if (record !== undefined) log("info", `DEL ${podName(call)} ${call.ifname}`);
      else if (known === identity) await leaveUplinks(context, stateDir, identity);
    });
  }
  return undefined;
};

/** With the record lost or torn, what the runtime gives back of ADD's result still says which addresses the pod had. */
async function leaveUplinks(
  { call, document, log }: Context,
  stateDir: string,
  owner: Identity,
): Promise<void> {
  const addresses = addressesOf(document["prevResult"], call.ifname);
  if (addresses.length === 0 || listUplinks(stateDir).length === 0) return;
  const { leaveByAddress } = await import("../attachment/uplink/leave.ts");
  const error = await leaveByAddress(stateDir, addresses, owner);
  if (error !== undefined) log("warn", `DEL ${podName(call)} ${call.ifname}: ${error.message}`);
}
