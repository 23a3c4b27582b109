/** What this node's records say of its uplinks, read once into a value. Of that the rest is a pure function: look, act, look again. */
import type { Identity } from "../../datapath/names.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { readRecords } from "../../state/store.ts";
import { listUplinks, readStanding } from "../../state/uplinks.ts";
import { isLive } from "../live.ts";

/** What an attachment has in its class, by its record: a record stays for as long as no DEL came. */
export type Claim = {
  readonly identity: Identity;
  readonly pod: string;
  readonly membership: Membership;
};

export type Claims = {
  readonly claims: readonly Claim[];
  /** What stands of each device. */
  readonly uplinks: ReadonlyMap<string, Uplink>;
};

/** Those of pods that are there. */
export function readLiveClaims(stateDir: string): Claims {
  const read = readRecords(stateDir);
  return {
    claims: read.records.filter((record) => isLive(stateDir, record)).flatMap(claimOf),
    uplinks: readUplinks(stateDir),
  };
}

export function readUplinks(stateDir: string): ReadonlyMap<string, Uplink> {
  return new Map(
    listUplinks(stateDir).flatMap((device) => {
      const standing = readStanding(stateDir, device);
      return standing === undefined ? [] : [[device, standing.uplink] as const];
    }),
  );
}

function claimOf({ identity, pod, membership }: AttachmentRecord): readonly Claim[] {
  return membership === undefined ? [] : [{ identity, pod, membership }];
}
