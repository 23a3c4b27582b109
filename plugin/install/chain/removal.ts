/** What an uninstall is to write: the conf directory as it was without us. Pure. */
import { isObject } from "../../cni/fields.ts";
import { isMultus, ourEntry } from "../../cni/chain-file.ts";
import { inOrder, readChain, type Chain, type ConfFile } from "./file.ts";
import { withoutUs } from "./in-place.ts";
import type { Change, Seen } from "./model.ts";
import { awayOf, isOwn, isTakenByCilium, ownDropIns, ownOf, removal } from "./own.ts";

export type Removal = {
  readonly changes: readonly Change[];
  /** Where the executable is still asked for, in words. */
  readonly left: readonly string[];
};

/** `network`: undefined for all. */
export function planRemoval(seen: Seen, network: string | undefined): Removal {
  const own = ownOf(seen, network);
  const chains = inOrder(seen.files.filter((file) => !isOwn(file)))
    .map(readChain)
    .filter((each) => typeof each !== "string");
  const ours = chains.filter((chain) => ourEntry(chain.plugins) !== undefined);
  const mine = ours.filter((chain) => network === undefined || chain.network === network);
  const edits = mine.flatMap((chain): readonly Change[] => {
    const text = chain.kind === "list" ? withoutUs(chain) : undefined;
    return text === undefined ? [] : [{ file: chain.file, former: chain.text, text }];
  });
  const taken = network === undefined ? seen.files.filter(isTakenByCilium) : [];
  // An entry in the primary's file first: with our copy gone first, the runtime would go on with it.
  return {
    changes: [
      ...edits,
      ...[...own, ...ownDropIns(seen, network), ...awayOf(seen, network), ...taken].map(removal),
    ],
    left: [
      ...ours
        .filter(({ file }) => !edits.some((edit) => edit.file === file))
        .map(({ file }) => `${file} names it`),
      ...others(seen, own).map(({ name }) => `${name} names it`),
      ...chains.filter((chain) => isMultus(chain) && delegatesToUs(chain)).map(multusLeft),
    ],
  };
}

function others(seen: Seen, gone: readonly ConfFile[]): readonly ConfFile[] {
  return seen.files.filter((file) => isOwn(file) && !gone.includes(file));
}

function delegatesToUs({ plugins }: Chain): boolean {
  const { delegates } = plugins[0] ?? {};
  if (!Array.isArray(delegates)) return false;
  return delegates
    .filter(isObject)
    .some(({ plugins: its }) => Array.isArray(its) && ourEntry(its.filter(isObject)) !== undefined);
}

function multusLeft({ file }: Chain): string {
  return `multus has the chain in ${file}: restart multus`;
}
