/** Which chain of the conf directory a runtime takes, and what it would be without its faults. Pure. */
import { messageOf } from "../../errors.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { inOurSpelling } from "../../cni/spelling.ts";
import type { ChainFacts, TextFile } from "./facts.ts";

export type Chain = {
  readonly file: string;
  readonly document: JsonObject;
  readonly network: string;
  /** Where they are in the document: of Multus' conf, in its first delegate. */
  readonly place: "own" | "delegate" | "single";
  /** Those of drop-ins last. */
  readonly plugins: readonly JsonObject[];
  /** How many of them drop-ins have. */
  readonly dropped: number;
};

type Directory = Pick<ChainFacts, "files" | "dropIns"> & Partial<Pick<ChainFacts, "withoutDropIns">>;

/** undefined where no file counts; a sentence where the one that counts cannot be read. */
export function chainOf({ files, dropIns, withoutDropIns }: Directory): Chain | string | undefined {
  for (const file of files.filter(isRead)) {
    const document = parsed(file);
    if (typeof document === "string") return document;
    if (isMultus(document) && delegateOf(document) === undefined) continue;
    return chainIn(file.name, document, withoutDropIns === undefined ? dropIns : []);
  }
  return undefined;
}

/** The endings that runtimes read. */
export function isRead({ name }: Pick<TextFile, "name">): boolean {
  return /\.(?:conf|conflist|json)$/.test(name);
}

export function isOurs(plugin: JsonObject): boolean {
  return inOurSpelling(plugin)["type"] === "pod-qos";
}

/** Also of what is no JSON. */
export function mentionsUs({ text }: Pick<TextFile, "text">): boolean {
  return /"type"\s*:\s*"pod-qos"/i.test(text);
}

export function parsed({ name, text }: TextFile): JsonObject | string {
  try {
    const document: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return isObject(document) ? document : `${name} is no JSON object`;
  } catch (error) {
    return `${name} is no JSON: ${messageOf(error)}`;
  }
}

/** Without delegates of its own it calls the chain of the next file. */
function isMultus({ type, plugins }: JsonObject): boolean {
  const types = [
    type,
    ...(Array.isArray(plugins) ? plugins.filter(isObject).map((each) => each["type"]) : []),
  ];
  return types.some((each) => each === "multus" || each === "multus-shim");
}

function delegateOf({ delegates }: JsonObject): JsonObject | undefined {
  return Array.isArray(delegates) ? delegates.find(isObject) : undefined;
}

function chainIn(file: string, document: JsonObject, dropIns: ChainFacts["dropIns"]): Chain {
  const delegate = isMultus(document) ? delegateOf(document) : undefined;
  const list = delegate ?? document;
  const network = typeof list["name"] === "string" ? list["name"] : "";
  const inlined = Array.isArray(list["plugins"]) ? list["plugins"].filter(isObject) : undefined;
  if (inlined === undefined && list["plugins"] === undefined && typeof list["type"] === "string")
    return { file, document, network, place: "single", plugins: [list], dropped: 0 };
  const takesDropIns = delegate === undefined && list["loadOnlyInlinedPlugins"] !== true;
  const dropped = takesDropIns && file.endsWith(".conflist") ? dropInsOf(network, dropIns) : [];
  return {
    file,
    document,
    network,
    place: delegate === undefined ? "own" : "delegate",
    plugins: [...(inlined ?? []), ...dropped],
    dropped: dropped.length,
  };
}

function dropInsOf(network: string, dropIns: ChainFacts["dropIns"]): readonly JsonObject[] {
  return dropIns
    .filter(({ directory, name }) => directory === network && name.endsWith(".conf"))
    .map(parsed)
    .filter((plugin) => typeof plugin === "object");
}

/** The file as it is, but for its plugins. One that drop-ins add to has all of them itself then. */
export function withPlugins(chain: Chain, plugins: readonly JsonObject[]): JsonObject {
  const { document, place, dropped } = chain;
  const inlined = dropped > 0 ? { loadOnlyInlinedPlugins: true } : {};
  switch (place) {
    case "own":
      return { ...document, ...inlined, plugins };
    case "single":
      return plugins[0] ?? document;
    case "delegate": {
      const delegates = Array.isArray(document["delegates"]) ? (document["delegates"] as unknown[]) : [];
      const first = delegates.findIndex(isObject);
      return {
        ...document,
        delegates: delegates.map((each, at) =>
          at === first && isObject(each) ? { ...each, plugins } : each,
        ),
      };
    }
  }
}
