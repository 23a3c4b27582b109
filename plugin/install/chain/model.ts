/** What is seen of a node's conf directory, what was requested, and what is to change. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import type { ConfFile } from "./file.ts";

export type Runtime = { readonly name: "containerd" | "cri-o"; readonly version: string };

export type Way = "own" | "in-place" | "drop-in";

export type Requested = {
  /** "as-it-is": the way in which our entry is there already; "own" where it is nowhere. */
  readonly way: Way | "as-it-is";
  readonly network: string | undefined;
  /** What the operator gave; undefined: what is there stays. */
  readonly entry: JsonObject | undefined;
  /** Of who follows the primary, once it has begun. */
  readonly following?: Following;
};

export type Following = {
  /** Our entry as it was seen last, and the way, for where nothing of it is left. */
  readonly entry: JsonObject | undefined;
  readonly way: Way | undefined;
};

export type Seen = {
  readonly confDir: string;
  /** All of the conf directory, and of the directories of drop-ins as "<network>/<file>". */
  readonly files: readonly ConfFile[];
  readonly dropIns: readonly ConfFile[];
  readonly runtime: Runtime | undefined;
};

/** `text`: undefined where the file is to go. `former`: undefined where there is none. */
export type Change = {
  readonly file: string;
  readonly former: string | undefined;
  readonly text: string | undefined;
};

export type Plan = {
  /** In this order, one at a time. */
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
  /** Why pods will get no limits by this, in words. */
  readonly refusal: string | undefined;
  /** Whether that is because there is no primary. */
  readonly isAlone: boolean;
  /** What the executable will be handed. */
  readonly entry: JsonObject | undefined;
  /** Keys that its entry loses, for only a newer executable knows them. */
  readonly dropped: readonly string[];
  readonly way: Way | undefined;
  readonly network: string | undefined;
  /** Plugins of the primary's chain; the first makes the interface. */
  readonly types: readonly string[];
};
