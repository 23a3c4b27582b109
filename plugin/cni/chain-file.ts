/** A file of a runtime's conf directory, and the chain that a runtime makes of it. Pure. */
import { messageOf } from "../errors.ts";
import { identifierFault } from "./call.ts";
import { isObject, type JsonObject } from "./fields.ts";
import { inOurSpelling } from "./spelling.ts";

export type TextFile = { readonly name: string; readonly text: string };

/** Only the ending tells the conf of one plugin from a list, as in libcni. */
export type ChainFile = {
  readonly file: string;
  readonly kind: "list" | "single";
  readonly text: string;
  readonly network: string;
  readonly document: JsonObject;
  /** As written. Those of drop-in files are not among them. */
  readonly plugins: readonly JsonObject[];
};

/** Or, in words, why no runtime can load it either. */
export function readChainFile({ name, text }: TextFile): ChainFile | string {
  const document = readDocument({ name, text });
  if (typeof document === "string") return document;
  const network = document["name"];
  if (typeof network !== "string" || identifierFault(network) !== undefined)
    return `${name} does not name its network`;
  const kind = name.endsWith(".conflist") ? "list" : "single";
  const plugins = kind === "single" ? [document] : (document["plugins"] ?? []);
  if (!Array.isArray(plugins) || !plugins.every(isObject))
    return `${name}: "plugins" is not a list of plugins`;
  if (plugins.some((plugin) => typeOf(plugin) === undefined)) {
    return kind === "single" && "plugins" in document
      ? `${name} holds a list of plugins, for which its name must end in .conflist`
      : `${name}: a plugin has no "type"`;
  }
  return { file: name, kind, text, network, document, plugins };
}

export function readDocument({ name, text }: TextFile): JsonObject | string {
  if (text.trim() === "") return `${name} is empty`;
  if (text.startsWith("\uFEFF")) return `${name} begins with a byte order mark, which no runtime takes`;
  try {
    const document: unknown = JSON.parse(text);
    return isObject(document) ? document : `${name} is not a JSON object`;
  } catch (error) {
    return `${name} is not JSON: ${messageOf(error)}`;
  }
}

/** The endings that runtimes read. */
export function isRead({ name }: Pick<TextFile, "name">): boolean {
  return /\.(?:conf|conflist|json)$/.test(name);
}

/** Runtimes take its key in any case. */
export function typeOf(plugin: JsonObject): string | undefined {
  const { type } = inOurSpelling(plugin);
  return typeof type === "string" && type !== "" ? type : undefined;
}

export function typesOf(plugins: readonly JsonObject[]): readonly string[] {
  return plugins.map((plugin) => typeOf(plugin) ?? "");
}

export const ourType = "pod-qos";

export function isOurs(plugin: JsonObject): boolean {
  return typeOf(plugin) === ourType;
}

/** Our entry among the plugins of a chain; of two the later replaces the former. */
export function ourEntry(plugins: readonly JsonObject[]): JsonObject | undefined {
  return plugins.findLast(isOurs);
}

export function isMultus({ plugins }: Pick<ChainFile, "plugins">): boolean {
  return /^multus(?:-shim)?$/.test(typesOf(plugins)[0] ?? "");
}
