/** Our own conflist: its name, and how it is known again. Pure. */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { ourEntry, ourType } from "../../cni/chain-file.ts";
import { compareNames, readChain, type ConfFile } from "./file.ts";
import type { Change, Seen } from "./model.ts";

/** What it was made from, written into it: runtimes hand plugins none of a list's other keys. */
export type Origin = {
  readonly from: string;
  readonly sha256: string;
  /** Keys of our entry that are the bandwidth plugin's static ones. */
  readonly carried?: readonly string[];
};

export const originKey = "pod-qos";

/** A torn file of our name is ours as well: nobody else could load it. */
export function isOwn({ name, text }: ConfFile): boolean {
  if (!/(?:^|-)pod-qos\.conflist$/.test(name)) return false;
  const document = parsed(text);
  return document === undefined || originOf(document) !== undefined;
}

/** Where cilium has put a conflist of ours. Only its name tells. */
export function isTakenByCilium({ name }: ConfFile): boolean {
  return /(?:^|-)pod-qos\.conflist\.cilium_bak$/.test(name);
}

/** Where an entry of ours is kept while its primary is away. No runtime reads such a file, and cilium renames none. */
export function isAway({ name }: ConfFile): boolean {
  return /(?:^|-)pod-qos\.conflist\.away$/.test(name);
}

/** undefined for what is torn. */
export function parsed(text: string | undefined): JsonObject | undefined {
  try {
    const document: unknown = JSON.parse(text ?? "");
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

export function originOf(document: JsonObject): Origin | undefined {
  const origin = document[originKey];
  if (!isObject(origin)) return undefined;
  const { from, sha256, carried } = origin;
  if (typeof from !== "string" || typeof sha256 !== "string") return undefined;
  const keys = Array.isArray(carried) ? carried.filter((key) => typeof key === "string") : [];
  return { from, sha256, ...(keys.length > 0 && { carried: keys }) };
}

/**
 * Directly before the primary's in the order of runtimes, and behind what comes before it (multus looks for its own first):
 * the number minus one where that has room. undefined where nothing fits.
 */
export function ownName(primary: string, others: readonly string[]): string | undefined {
  const before = others
    .filter((name) => compareNames(name, primary) < 0)
    .toSorted(compareNames)
    .at(-1);
  const [digits = ""] = /^\d*/.exec(primary) ?? [];
  const number = Number(digits);
  const numbers = digits === "" || number === 0 ? [] : [String(number - 1).padStart(digits.length, "0")];
  const stems = [...numbers, digits, `${digits}-0`, "00"].filter((stem) => stem !== "");
  return stems
    .map((stem) => `${stem}-pod-qos.conflist`)
    .find(
      (name) => compareNames(name, primary) < 0 && (before === undefined || compareNames(before, name) < 0),
    );
}

/** Conflists of ours; a torn one belongs to every network. */
export function ownOf({ files }: Pick<Seen, "files">, network: string | undefined): readonly ConfFile[] {
  return files.filter(isOwn).filter((file) => isOfNetwork(file, network));
}

export function awayOf({ files }: Pick<Seen, "files">, network: string | undefined): readonly ConfFile[] {
  return files.filter(isAway).filter((file) => isOfNetwork(file, network));
}

function isOfNetwork({ text }: ConfFile, network: string | undefined): boolean {
  const document = parsed(text);
  return network === undefined || document === undefined || document["name"] === network;
}

/** Our entry of a conflist of ours, without what the copy carried over: that is carried anew. */
export function entryIn({ text }: ConfFile): JsonObject | undefined {
  const document = parsed(text) ?? {};
  const { plugins } = document;
  const entry = Array.isArray(plugins) ? ourEntry(plugins.filter(isObject)) : undefined;
  const carried = originOf(document)?.carried ?? [];
  return entry && Object.fromEntries(Object.entries(entry).filter(([key]) => !carried.includes(key)));
}

/** Its network is no other file's any more, so that it would hide the conf of the next one. */
export function isOrphan(file: ConfFile, { files }: Pick<Seen, "files">): boolean {
  const document = parsed(file.text);
  const origin = document && originOf(document);
  if (document === undefined || origin === undefined) return false;
  return !files
    .filter((each) => !isOwn(each))
    .some((each) => {
      const chain = readChain(each);
      // What cannot be read now may be its primary.
      return typeof chain === "string" ? each.name === origin.from : chain.network === document["name"];
    });
}

export function ownDropIns(
  { dropIns }: Pick<Seen, "dropIns">,
  network: string | undefined,
): readonly ConfFile[] {
  return dropIns.filter(
    ({ name, text }) =>
      (network === undefined || name.startsWith(`${network}/`)) && parsed(text)?.["type"] === ourType,
  );
}

export function removal({ name, text }: ConfFile): Change {
  return { file: name, former: text ?? "", text: undefined };
}
