/** The record of a change that goes on: what was and what shall be. */
import { without } from "../program/compare.ts";
import type { Member } from "../program/ipset/members.ts";
import { merge } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** Both records in one: until a change is done, undoing it must remove the objects of either. */
export function withBoth(before: AttachmentRecord, wanted: AttachmentRecord): AttachmentRecord {
  const membership = wanted.membership ?? before.membership;
  return {
    ...wanted,
    unfinished: true,
    programs: merge([...wanted.programs, ...without(before.programs, wanted.programs)]),
    ...(membership && {
      membership: { ...membership, members: [...membersIn(wanted), ...membersOnlyIn(before, wanted)] },
    }),
  };
}

export function membersIn({ membership }: AttachmentRecord): readonly Member[] {
  return membership?.members ?? [];
}

export function membersOnlyIn(one: AttachmentRecord, other: AttachmentRecord): readonly Member[] {
  const others = new Set(membersIn(other).map((member) => JSON.stringify(member)));
  return membersIn(one).filter((member) => !others.has(JSON.stringify(member)));
}
