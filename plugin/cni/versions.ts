import { CniError, ErrorCode } from "../errors.ts";
import type { Verb } from "./call.ts";

/** A chained plugin reads prevResult.interfaces, which 0.1.0 and 0.2.0 do not have. */
export const supportedVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

export type CniVersion = (typeof supportedVersions)[number];

/** The verbs that came later than 0.3.0, and with which version. */
const introduced: Partial<Record<Verb, CniVersion>> = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0" };

/** CNI wants an exact match with one supported version; a conf that names none means 0.1.0. */
export function assertVersionAllows(verb: Verb, configured: string | undefined): CniVersion {
  const wanted = configured ?? "0.1.0";
  const version = supportedVersions.find((supported) => supported === wanted);
  if (version === undefined) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `incompatible CNI versions: cniVersion ${JSON.stringify(wanted)} is not supported`,
      `config is ${JSON.stringify(wanted)}, plugin supports ${JSON.stringify(supportedVersions)}`,
    );
  }
  const since = introduced[verb];
  if (since !== undefined && supportedVersions.indexOf(version) < supportedVersions.indexOf(since)) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `config version ${version} does not allow ${verb}: it exists since ${since}`,
    );
  }
  return version;
}
