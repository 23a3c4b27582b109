/** A file of the conf directory as install finds it. Pure. */
import { isRead, readChainFile, type ChainFile } from "../../cni/chain-file.ts";

export type ConfFile = {
  readonly name: string;
  /** undefined where it cannot be read: `fault` says why. */
  readonly text: string | undefined;
  readonly sha256: string;
  readonly fault: string | undefined;
};

export type Chain = ChainFile & { readonly sha256: string };

/** Or, in words, why no runtime can load it either. */
export function readChain({ name, text, sha256, fault }: ConfFile): Chain | string {
  if (text === undefined) return `${name} cannot be read: ${fault ?? "no reason is known"}`;
  const chain = readChainFile({ name, text });
  return typeof chain === "string" ? chain : { ...chain, sha256 };
}

/** Go sorts by bytes, and so do runtimes. */
export function inOrder<File extends { readonly name: string }>(files: readonly File[]): readonly File[] {
  return files.filter(isRead).toSorted((one, other) => compareNames(one.name, other.name));
}

export function compareNames(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
