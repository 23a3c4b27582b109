/** Which file of the conf directory is the primary's: the one that the runtime, or multus, takes without us. Pure. */
import { isObject } from "../../cni/fields.ts";
import { isMultus, ourEntry } from "../../cni/chain-file.ts";
import { inOrder, readChain, type Chain, type ConfFile } from "./file.ts";
import { isOwn } from "./own.ts";

export type Primary = {
  readonly chain: Chain;
  readonly multus: Chain | undefined;
};

/** "away": there is none, and a conflist of ours may not stay. "unknown": what is there cannot be loaded, now. */
export type NoPrimary = { readonly state: "away" | "unknown"; readonly why: string };

export function findPrimary(
  files: readonly ConfFile[],
  directory: string,
  network: string | undefined,
): Primary | NoPrimary {
  const others = inOrder(files.filter((file) => !isOwn(file)));
  if (network !== undefined) return named(others, directory, network);
  const [first, ...rest] = others;
  if (first === undefined) {
    return { state: "away", why: `${directory} has no network's conf yet: pod-qos is never installed alone` };
  }
  const chain = readChain(first);
  if (typeof chain === "string") return unloadable(chain);
  return isMultus(chain) ? delegate(chain, rest, directory) : { chain, multus: undefined };
}

/** What multus has in it of the primary: a file's name (thick), or its text (thin). */
function delegate(multus: Chain, rest: readonly ConfFile[], directory: string): Primary | NoPrimary {
  const { clusterNetwork } = multus.plugins[0] ?? {};
  const path = typeof clusterNetwork === "string" ? clusterNetwork : "";
  const file =
    rest.find(({ name }) => name === path.slice(path.lastIndexOf("/") + 1)) ??
    rest.find((each) => !isMultusFile(each));
  if (file === undefined) {
    return {
      state: "away",
      why:
        `${multus.file} is multus', and ${directory} has no conf of the network that it delegates to: ` +
        "where that is a NetworkAttachmentDefinition, put the entry into it",
    };
  }
  const chain = readChain(file);
  return typeof chain === "string" ? unloadable(chain) : { chain, multus };
}

function isMultusFile(file: ConfFile): boolean {
  const chain = readChain(file);
  return typeof chain !== "string" && isMultus(chain);
}

function named(others: readonly ConfFile[], directory: string, network: string): Primary | NoPrimary {
  const read = others.map(readChain);
  const chains = read.filter((each) => typeof each !== "string");
  const chain = chains.find((each) => each.network === network && !isMultus(each));
  if (chain !== undefined) return { chain, multus: chains.find(isMultus) };
  const broken = read.filter((each) => typeof each === "string");
  if (broken.length > 0) return unloadable(broken.join("; "));
  const names = chains.map((each) => `${each.network} (${each.file})`).join(", ");
  return { state: "away", why: `${directory} has no network ${network}: there is ${names || "none"}` };
}

function unloadable(why: string): NoPrimary {
  return { state: "unknown", why: `${why}: no runtime can load it either, so it is left as it is` };
}

/** Whether multus already goes by our file or has our entry; it reads the primary's once, when it starts. */
export function multusSeesUs(multus: Chain, file: string): boolean {
  const { clusterNetwork, delegates } = multus.plugins[0] ?? {};
  if (typeof clusterNetwork === "string" && clusterNetwork.endsWith(`/${file}`)) return true;
  if (!Array.isArray(delegates)) return false;
  return delegates
    .filter(isObject)
    .some(({ plugins }) => Array.isArray(plugins) && ourEntry(plugins.filter(isObject)));
}
