/** Which chain of the conf directory a runtime takes, and what it would be without its faults. Pure. */
import {
  isMultus,
  isRead,
  readChainFile,
  readDocument,
  type ChainFile,
  type TextFile,
} from "../../cni/chain-file.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import type { ChainFacts } from "./facts.ts";

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
    const read = readChainFile(file);
    if (typeof read === "string") return read;
    if (isMultus(read) && delegateOf(read) === undefined) continue;
    return chainIn(read, withoutDropIns === undefined ? dropIns : []);
  }
  return undefined;
}

/** Also of what is not JSON. */
export function mentionsUs({ text }: Pick<TextFile, "text">): boolean {
  return /"type"\s*:\s*"pod-qos"/i.test(text);
}

/** Without delegates of its own Multus calls the chain of the next file. */
function delegateOf({ document: { delegates } }: ChainFile): JsonObject | undefined {
  return Array.isArray(delegates) ? delegates.find(isObject) : undefined;
}

function chainIn(read: ChainFile, dropIns: ChainFacts["dropIns"]): Chain {
  const { file, document, network, plugins } = read;
  const delegate = isMultus(read) ? delegateOf(read) : undefined;
  if (delegate !== undefined) return ofDelegate(read, delegate);
  if (read.kind === "single") return { file, document, network, place: "single", plugins, dropped: 0 };
  const dropped = document["loadOnlyInlinedPlugins"] === true ? [] : dropInsOf(network, dropIns);
  return {
    file,
    document,
    network,
    place: "own",
    plugins: [...plugins, ...dropped],
    dropped: dropped.length,
  };
}

function ofDelegate({ file, document }: ChainFile, delegate: JsonObject): Chain {
  const { name, plugins } = delegate;
  return {
    file,
    document,
    network: typeof name === "string" ? name : "",
    place: "delegate",
    plugins: Array.isArray(plugins) ? plugins.filter(isObject) : [delegate],
    dropped: 0,
  };
}

function dropInsOf(network: string, dropIns: ChainFacts["dropIns"]): readonly JsonObject[] {
  return dropIns
    .filter(({ directory, name }) => directory === network && name.endsWith(".conf"))
    .map(readDocument)
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
          at === first && isObject(each) ? { ...listed(each), plugins } : each,
        ),
      };
    }
  }
}

/** A delegate of one plugin becomes a list of more. */
function listed(delegate: JsonObject): JsonObject {
  const { cniVersion, name } = delegate;
  return "plugins" in delegate ? delegate : { cniVersion, name };
}
