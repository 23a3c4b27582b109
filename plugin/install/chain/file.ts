/** A file of a runtime's conf directory, and what it says. Pure. */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { identifierFault } from "../../cni/call.ts";
import { messageOf } from "../../errors.ts";

export type ConfFile = {
  readonly name: string;
  /** undefined where it cannot be read: `fault` says why. */
  readonly text: string | undefined;
  readonly sha256: string;
  readonly fault: string | undefined;
};

/** What a runtime makes of a file. Only the ending tells the conf of one plugin from a list, as in libcni. */
export type Chain = {
  readonly file: string;
  readonly kind: "list" | "single";
  readonly text: string;
  readonly sha256: string;
  readonly network: string;
  readonly document: JsonObject;
  /** As written. Those of drop-in files are not among them. */
  readonly plugins: readonly JsonObject[];
};

/** Or, in words, why no runtime can load it either. */
export function readChain({ name, text, sha256, fault }: ConfFile): Chain | string {
  if (text === undefined) return `${name} cannot be read: ${fault ?? "no reason is known"}`;
  if (text.trim() === "") return `${name} is empty`;
  if (text.startsWith("\uFEFF")) return `${name} begins with a byte order mark, which no runtime takes`;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return `${name} is not JSON: ${messageOf(error)}`;
  }
  if (!isObject(document)) return `${name} is not a JSON object`;
  const network = document["name"];
  if (typeof network !== "string" || identifierFault(network) !== undefined)
    return `${name} does not name its network`;
  const kind = name.endsWith(".conflist") ? "list" : "single";
  const plugins = kind === "single" ? [document] : (document["plugins"] ?? []);
  if (!Array.isArray(plugins) || !plugins.every(isObject))
    return `${name}: "plugins" is not a list of plugins`;
  const untyped = plugins.find(({ type }) => typeof type !== "string" || type === "");
  if (untyped !== undefined) {
    return kind === "single" && "plugins" in document
      ? `${name} holds a list of plugins, for which its name must end in .conflist`
      : `${name}: a plugin has no "type"`;
  }
  return { file: name, kind, text, sha256, network, document, plugins };
}

/** Go sorts by bytes, and so do runtimes. */
export function inOrder<File extends { readonly name: string }>(files: readonly File[]): readonly File[] {
  return files
    .filter(({ name }) => /\.(?:conf|conflist|json)$/.test(name))
    .toSorted((one, other) => compareNames(one.name, other.name));
}

export function compareNames(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

export function typesOf(plugins: readonly JsonObject[]): readonly string[] {
  return plugins.map(({ type }) => String(type));
}

export const ourType = "pod-qos";

/** Our entry among the plugins of a chain; of two the later replaces the former. */
export function ourEntry(plugins: readonly JsonObject[]): JsonObject | undefined {
  return plugins.findLast(({ type }) => type === ourType);
}
