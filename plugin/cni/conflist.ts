/** Conflists, as far as they are about us: each network's name and our entry, as libcni hands it to us. Pure. */
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
  return conflistOf(document, pluginsOf(document));
}

/**
 * What a file of a conf directory makes: its own network, and those that Multus delegates to. `dropIns`: the plugins that CNI 1.1
 * appends to a network's from files of their own.
 */
export function parseConflists(
  text: string,
  dropIns: (network: string) => readonly JsonObject[],
): readonly Conflist[] {
  const document = parsed(text);
  if (!isObject(document)) return [];
  refuseRepeatedKeys("the conflist", text);
  const own = ownOf(document, dropIns);
  const delegates = [document, ...(own?.plugins ?? [])].flatMap(delegatesOf);
  return [
    ...(own === undefined ? [] : [conflistOf(document, own.plugins)]),
    ...delegates.map((delegate) => conflistOf(delegate, pluginsOf(delegate))),
  ];
}

/** undefined for the conf of a single plugin, which has a type of its own. */
function ownOf(
  document: JsonObject,
  dropIns: (network: string) => readonly JsonObject[],
): { readonly plugins: readonly JsonObject[] } | undefined {
  const { type, name, plugins, loadOnlyInlinedPlugins } = document;
  const isList = plugins !== undefined || (type === undefined && typeof name === "string");
  if (!isList) return undefined;
  const inlined = plugins === undefined ? [] : pluginsOf(document);
  const dropped = loadOnlyInlinedPlugins === true ? [] : dropIns(networkName(document));
  return plugins === undefined && dropped.length === 0 ? undefined : { plugins: [...inlined, ...dropped] };
}

/** The networks whose conflists stand in a conf of Multus, and in no file of their own. */
function delegatesOf({ type, delegates }: JsonObject): readonly JsonObject[] {
  if (type !== "multus" || !Array.isArray(delegates)) return [];
  return delegates.filter(isObject).filter(({ plugins }) => plugins !== undefined);
}

/** Where a Multus in it keeps what it has added, if it says so. */
export function multusCaches(text: string): readonly string[] {
  const document = parsed(text);
  if (!isObject(document)) return [];
  const { plugins } = document;
  const confs = [document, ...(Array.isArray(plugins) ? plugins.filter(isObject) : [])];
  return confs.flatMap(({ type, cniDir }) =>
    type === "multus" && typeof cniDir === "string" && cniDir.startsWith("/") ? [cniDir] : [],
  );
}

function conflistOf(document: JsonObject, plugins: readonly JsonObject[]): Conflist {
  const { cniVersion } = document;
  const network = networkName(document);
  // Of two entries of ours the later replaces the former, for they have one record.
  const ours = plugins.map(inOurSpelling).findLast((entry) => entry["type"] === "pod-qos");
  return {
    network,
    entry: ours && { ...ours, ...(cniVersion !== undefined && { cniVersion }), name: network },
  };
}

function pluginsOf({ plugins }: JsonObject): readonly JsonObject[] {
  if (!Array.isArray(plugins)) throw invalidValue("plugins", plugins, "a list");
  return plugins.filter(isObject);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidValue("the file", text, `JSON: ${messageOf(error)}`);
  }
}
