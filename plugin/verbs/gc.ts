/**
 * GC: undo every attachment of this network that the runtime does not list. With no list nothing is known to be dead but
 * what is dead by our own eyes: an attachment whose network namespace is gone. Those of other networks too, for who renames
 * a network never calls us by its old name again. Goes on after an error and reports all.
 */
import { CniError, ErrorCode, invalidValue, messageOf } from "../errors.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { readLeniently } from "../cni/conf.ts";
import { networkName } from "../cni/request.ts";
import { refuseSecondSpellings } from "../cni/spelling.ts";
import { identityFromAlias, isIfbName, sameIdentity, type Identity } from "../datapath/names.ts";
import { listNodeLinks, readAlias } from "../kernel/linux.ts";
import type { Log } from "../log.ts";
import { listAttachments, listNetworks, readRecord } from "../state/store.ts";
import { listUplinks } from "../state/uplinks.ts";
import type { Command } from "./context.ts";
import { alone, sweepLocks } from "../attachment/lock.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { isLive } from "../attachment/live.ts";
import { undo } from "../attachment/undo.ts";

export const gc: Command = async ({ document, log }) => {
  refuseSecondSpellings(document);
  const { stateDir } = readLeniently(document);
  const network = networkName(document);
  const valid = validAttachments(document, network);
  const isStale = (identity: Identity, record: AttachmentRecord | undefined): boolean =>
    valid === undefined || identity.network !== network
      ? record !== undefined && !isLive(stateDir, record)
      : !lists(valid, identity);
  const failures: string[] = [];
  for (const identity of [...known(stateDir, network), ...ofOthers(stateDir, network)]) {
    try {
      if (!isStale(identity, readRecord(stateDir, identity))) continue;
      await alone({ stateDir, identity, verb: "GC" }, async () => {
        // What was stale may be undone, or made anew, since.
        const record = readRecord(stateDir, identity);
        if (!isStale(identity, record)) return;
        await undo({ stateDir, identity, record, netns: record?.netns ?? "" }, log);
        log("info", `GC removed ${identity.containerId} ${identity.ifname}`);
      });
    } catch (error) {
      failures.push(`${identity.containerId} ${identity.ifname}: ${messageOf(error)}`);
    }
  }
  sweepLocks(stateDir);
  await sweepUplinks(stateDir, log).catch((error: unknown) => log("warn", `GC: ${messageOf(error)}`));
  if (failures.length === 0) return undefined;
  throw new CniError(ErrorCode.kernelRefused, `GC could not remove everything: ${failures.join("; ")}`);
};

/** A pod whose record was lost or torn has left its address in the sets of its class. */
async function sweepUplinks(stateDir: string, log: Log): Promise<void> {
  if (listUplinks(stateDir).length === 0) return;
  const { leaveUnclaimed } = await import("../attachment/uplink/leave.ts");
  for (const { set, address } of await leaveUnclaimed(stateDir))
    log("info", `GC removed ${address} from ipset ${set}: no record claims it`);
}

/**
 * undefined where the runtime gave no list (cnitool gives none), which is not the same as an empty one. An entry that cannot
 * be read may be a live pod: better no GC than one that takes its limits away.
 */
function validAttachments(document: JsonObject, network: string): readonly Identity[] | undefined {
  const field = "cni.dev/valid-attachments";
  const list = document[field];
  if (!Array.isArray(list)) return undefined;
  return list.map((entry: unknown) => {
    const { containerID, ifname } = isObject(entry) ? entry : {};
    if (typeof containerID !== "string" || typeof ifname !== "string") {
      throw invalidValue(field, entry, "an object with containerID and ifname");
    }
    return { network, containerId: containerID, ifname };
  });
}

/** From the records, and from the ifbs on the node that name their attachment themselves. */
function known(stateDir: string, network: string): readonly Identity[] {
  const recorded = listAttachments(stateDir, network);
  const stray = listNodeLinks()
    .filter(isIfbName)
    .map((name) => identityFromAlias(readAlias(name)))
    .filter((identity): identity is Identity => identity?.network === network)
    .filter((identity) => !lists(recorded, identity));
  return [...recorded, ...stray];
}

function ofOthers(stateDir: string, network: string): readonly Identity[] {
  return listNetworks(stateDir)
    .filter((other) => other !== network)
    .flatMap((other) => listAttachments(stateDir, other));
}

function lists(identities: readonly Identity[], wanted: Identity): boolean {
  return identities.some((identity) => sameIdentity(identity, wanted));
}
