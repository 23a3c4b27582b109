/** A conflist, as far as it is about us: its network's name and our entry, as libcni hands it to us. Pure. */
import { invalidValue, messageOf } from "../errors.ts";
import { isObject, type JsonObject } from "./fields.ts";
import { refuseRepeatedKeys } from "./json-keys.ts";
import { networkName } from "./request.ts";
import { inOurSpelling } from "./spelling.ts";

export type Conflist = {
  readonly network: string;
  /** In our spelling; undefined where pod-qos is not in it. */
  readonly entry: JsonObject | undefined;
};

/** undefined for what is no conflist; one that cannot be throws. */
export function parseConflist(text: string): Conflist | undefined {
  const document = parsed(text);
  if (!isObject(document) || document["plugins"] === undefined) return undefined;
  refuseRepeatedKeys("the conflist", text);
  const { plugins, cniVersion } = document;
  if (!Array.isArray(plugins)) throw invalidValue("plugins", plugins, "a list");
  const network = networkName(document);
  // Of two entries of ours the later replaces the former, for they have one record.
  const ours = plugins
    .filter(isObject)
    .map(inOurSpelling)
    .findLast((entry) => entry["type"] === "pod-qos");
  return {
    network,
    entry: ours && { ...ours, ...(cniVersion !== undefined && { cniVersion }), name: network },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidValue("the file", text, `JSON: ${messageOf(error)}`);
  }
}
