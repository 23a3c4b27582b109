/** What a verb is given, and what it gives back. */
import type { Call } from "../cni/call.ts";
import type { JsonObject } from "../cni/fields.ts";
import type { CniVersion } from "../cni/versions.ts";
import type { Log } from "../log.ts";

export type Context = {
  readonly call: Call;
  /** stdin as it came, and parsed. */
  readonly input: string;
  readonly document: JsonObject;
  readonly version: CniVersion;
  readonly log: Log;
};

/** The text for stdout; undefined where CNI wants none. */
export type Command = (context: Context) => Promise<string | undefined>;
