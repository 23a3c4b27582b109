/** Our entry put into the primary's own file as text: every other byte stays. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import { bandwidthType } from "../../cni/static-limits.ts";
import { isOurs, ourEntry, typesOf } from "../../cni/chain-file.ts";
import { type Chain } from "./file.ts";
import type { Change } from "./model.ts";
import { withoutPlugins, withPlugin } from "./text.ts";

export function asInPlace(chain: Chain, entry: JsonObject): Change {
  if (JSON.stringify(ourEntry(chain.plugins)) === JSON.stringify(entry))
    return { file: chain.file, former: chain.text, text: chain.text };
  const refusal = refusalOf(chain);
  if (refusal !== undefined) throw new CniError(ErrorCode.invalidConfig, `--in-place: ${refusal}`);
  return { file: chain.file, former: chain.text, text: withPlugin(withoutUs(chain) ?? chain.text, entry) };
}

/** The text before we came; undefined where nothing but us is in it. */
export function withoutUs({ text, plugins, kind }: Chain): string | undefined {
  if (kind === "single") return text;
  return withoutPlugins(text, (at) => isOurs(plugins[at] ?? {}));
}

function refusalOf({ file, kind, plugins }: Chain): string | undefined {
  if (kind === "single") return `${file} is the conf of one plugin, which has no place for another`;
  const types = typesOf(plugins);
  if (plugins.every(isOurs))
    return `${file} lists no plugin that makes an interface, and pod-qos is never installed alone`;
  if (types.includes(bandwidthType))
    return `${file} has the bandwidth plugin, which does the same job: take it out first, or let install write a conflist of its own`;
  return undefined;
}
