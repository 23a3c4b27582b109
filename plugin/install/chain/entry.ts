/** Our entry of a chain: what the operator gave, or what is there, or the plain one. Pure. */
import { parseConf } from "../../cni/conf.ts";
import type { JsonObject } from "../../cni/fields.ts";
import { annotationsCapability, bandwidthCapability, cniKeys, ownKeys } from "../../cni/keys.ts";
import { inOurSpelling, refuseSecondSpellings, sameKey } from "../../cni/spelling.ts";
import { supportedVersions } from "../../cni/versions.ts";
import { ErrorCode, CniError } from "../../errors.ts";
import { bandwidthType } from "../../cni/static-limits.ts";
import { ourType } from "../../cni/chain-file.ts";
import { type Chain } from "./file.ts";

export const plainEntry: JsonObject = {
  type: ourType,
  capabilities: { [bandwidthCapability]: true, [annotationsCapability]: true },
};

/** By ADD's own code. Throws what ADD would. */
export function assertEntry(entry: JsonObject, chain: Chain): void {
  const { network, document } = chain;
  assertVersion(chain);
  if (entry["type"] !== ourType) {
    throw new CniError(ErrorCode.invalidConfig, `the entry's "type" must be ${JSON.stringify(ourType)}`);
  }
  const { cniVersion } = document;
  const handed = { ...entry, ...(typeof cniVersion === "string" && { cniVersion }), name: network };
  const spelled = inOurSpelling(handed);
  refuseSecondSpellings(spelled);
  parseConf(spelled, network);
}

/** In a chain of another version ADD would refuse every pod. */
export function assertVersion({ file, document }: Chain): void {
  const { cniVersion = "0.1.0" } = document;
  if (supportedVersions.some((version) => version === cniVersion)) return;
  throw new CniError(
    ErrorCode.incompatibleVersion,
    `${file} has cniVersion ${JSON.stringify(cniVersion)}: pod-qos supports ${supportedVersions.join(", ")}`,
  );
}

/** Without what this build does not know: after a rollback the entry is a newer one's. */
export function withoutUnknownKeys(entry: JsonObject): {
  readonly entry: JsonObject;
  readonly dropped: readonly string[];
} {
  const known = [...ownKeys, ...cniKeys];
  const isKnown = (key: string): boolean => known.some((each) => sameKey(each, key));
  const dropped = Object.keys(entry).filter((key) => !isKnown(key));
  return { entry: Object.fromEntries(Object.entries(entry).filter(([key]) => isKnown(key))), dropped };
}

/** Of the bandwidth plugin: addresses that it limits or does not. No key of ours says the same. */
export function subnetsOf(chain: Chain): string | undefined {
  const bandwidth = chain.plugins.find(({ type }) => type === bandwidthType) ?? {};
  return Object.keys(bandwidth).find((key) => /^(?:un)?shapedsubnets$/i.test(key));
}
