/** What this node's records say of its uplinks, read once into a value; the rest is a pure function of it. */
import type { Identity } from "../../datapath/names.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { readRecords, type Records } from "../../state/store.ts";
import { listUplinks, readStanding } from "../../state/uplinks.ts";
import { isHidden, isLive } from "../live.ts";

/** What an attachment has in its class, by its record: a record stays for as long as no DEL came. */
export type Claim = {
  readonly identity: Identity;
  readonly pod: string;
  readonly membership: Membership;
};

export type Claims = {
  readonly claims: readonly Claim[];
  /** Paths of records that this version cannot read: their claims are not known. */
  readonly unreadable: readonly string[];
  /** What stands of each device. */
  readonly uplinks: ReadonlyMap<string, Uplink>;
};

/** Of all attachments, also those of pods that died without DEL. */
export function readClaims(stateDir: string): Claims {
  return claimsOf(stateDir, readRecords(stateDir));
}

/** Of pods that run, or may: one that is being deleted claims nothing any more. */
export function readLiveClaims(stateDir: string): Claims {
  const { records, unreadable } = readRecords(stateDir);
  const staying = records.filter(
    (record) =>
      record.membership !== undefined &&
      record.membership.leaving !== true &&
      (isLive(stateDir, record) || isHidden(record)),
  );
  return claimsOf(stateDir, { records: staying, unreadable });
}

function claimsOf(stateDir: string, { records, unreadable }: Records): Claims {
  return { claims: records.flatMap(claimOf), unreadable, uplinks: readUplinks(stateDir) };
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
