/** Whether what pod-qos keeps on this node can be written, read and believed. */
import { wants } from "../../../report/status-checks.ts";
import { error, type Check, type Finding } from "../check.ts";
import type { Facts } from "../facts.ts";
import { quoted } from "../shell.ts";
import { statusFault } from "./status.ts";

export const stateChecks: readonly Check[] = [
  { id: "state-directory", wants: wants.state, find: ofDirectory },
  { id: "state-owner", wants: "nobody but root can write into the state directory", find: ofOwner },
  { id: "state-records", wants: "every record can be read", find: ofRecords },
  { id: "state-manifests", wants: wants.manifests, find: ofManifests },
];

function ofDirectory({ conf, state: { directory } }: Facts): Finding | undefined {
  const fault = conf.faults["state"];
  if (fault === undefined) return undefined;
  const path = quoted(directory);
  return error(
    `${directory} cannot be written: ${fault.details}`,
    `{ test -d ${path} || rm -f ${path}; } && mkdir -p -m 0700 ${path} && { test -w ${path} || mount -o remount,rw ${path}; }`,
  );
}

const writableByOthers = 0o022;

function ofOwner({ state: { places, uid: own } }: Facts): Finding | undefined {
  const open = places.filter(
    ({ uid, mode }) => (uid !== 0 && uid !== own) || (mode & writableByOthers) !== 0,
  );
  const [first] = open;
  if (first === undefined) return undefined;
  const paths = open.map(({ path }) => quoted(path)).join(" ");
  return error(
    `${first.path} belongs to user ${first.uid} and has mode ${(first.mode & 0o7777).toString(8)}: others could write pods' limits there, so it is ignored`,
    `chown root ${paths} && chmod go-w ${paths}`,
  );
}

function ofRecords({ state: { unreadable } }: Facts): Finding | undefined {
  const [first, ...others] = unreadable;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return error(
    `${first} is damaged or of another version${more}: its pod's limits are unknown. Then restart the pod`,
    `rm -f ${unreadable.map(quoted).join(" ")}`,
  );
}

function ofManifests({ conf }: Facts): Finding | undefined {
  const fault = conf.faults["manifests"];
  const policyDir = conf.entry?.["policyDir"];
  if (fault === undefined || typeof policyDir !== "string") return undefined;
  // A file that cannot be read is somebody's to correct; a directory that is missing can be made.
  return error(statusFault(fault), conf.hasPolicyDir === false ? `mkdir -p ${quoted(policyDir)}` : undefined);
}
