/** The bandwidth plugin's limits of the conf, which an entry of ours takes over. Pure. */
import type { JsonObject } from "./fields.ts";
import { sameKey } from "./spelling.ts";

export const bandwidthType = "bandwidth";

const directions = ["ingress", "egress"] as const;

/** The bandwidth plugin's static limits, for each direction of which our entry says nothing. */
export function carriedLimits(plugins: readonly JsonObject[], entry: JsonObject): JsonObject {
  const bandwidth = plugins.find(({ type }) => type === bandwidthType);
  if (bandwidth === undefined) return {};
  const pairs = directions.flatMap((direction) => {
    const keys = [`${direction}Rate`, `${direction}Burst`];
    const isTaken = keys.some((key) => valueOf(entry, key) !== undefined);
    return isTaken ? [] : keys.map((key) => [key, valueOf(bandwidth, key)] as const);
  });
  return Object.fromEntries(
    pairs.filter(([, value]) => value !== undefined && value !== null && value !== 0),
  );
}

/** The keys of that plugin may be in any case. */
function valueOf(object: JsonObject, key: string): unknown {
  return Object.entries(object).find(([each]) => sameKey(each, key))?.[1];
}
