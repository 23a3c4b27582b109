/** The primary's whole chain and us, as a conflist of our own before it: the primary's file keeps every byte. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import { subnetsOf } from "./entry.ts";
import { bandwidthType, carriedLimits } from "../../cni/static-limits.ts";
import { inOrder, type Chain } from "./file.ts";
import { isOwn, originKey, ownName, type Origin } from "./own.ts";
import type { Change, Seen } from "./model.ts";
import { withFirstMember, withoutPlugins, withPlugin } from "./text.ts";

export function asOwnConflist({ files }: Seen, chain: Chain, entry: JsonObject): Change {
  const subnets = subnetsOf(chain);
  if (subnets !== undefined && entry["egress"] === undefined) throw subnetsLost(chain, subnets);
  const others = inOrder(files).filter((file) => !isOwn(file));
  const name = ownName(
    chain.file,
    others.map((file) => file.name),
  );
  if (name === undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `no name of ours sorts directly before ${chain.file}: rename that file to one that begins with a number, such as 10-`,
    );
  }
  const carried = carriedLimits(chain.plugins, entry);
  const keys = Object.keys(carried);
  const origin: Origin = {
    from: chain.file,
    sha256: chain.sha256,
    ...(keys.length > 0 && { carried: keys }),
  };
  const text = copyOf(chain, { ...entry, ...carried }, origin);
  return { file: name, former: files.find((file) => file.name === name)?.text, text };
}

function copyOf(chain: Chain, entry: JsonObject, origin: Origin): string {
  if (chain.kind === "single") return wrapped(chain, entry, origin);
  const kept = withoutPlugins(chain.text, (at) => chain.plugins[at]?.["type"] === bandwidthType);
  if (kept === undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${chain.file} lists no plugin that makes an interface, and pod-qos is never installed alone`,
    );
  }
  return withFirstMember(withPlugin(kept, entry), originKey, origin);
}

/** As libcni's ConfListFromConf does it, the plugin's own text as it stands. */
function wrapped({ text, document, network }: Chain, entry: JsonObject, origin: Origin): string {
  const { cniVersion } = document;
  const members = [
    `  ${JSON.stringify(originKey)}: ${JSON.stringify(origin)}`,
    ...(cniVersion === undefined ? [] : [`  "cniVersion": ${JSON.stringify(cniVersion)}`]),
    `  "name": ${JSON.stringify(network)}`,
    `  "plugins": [\n${text.trim()},\n${JSON.stringify(entry, null, 2)}\n  ]`,
  ];
  return `{\n${members.join(",\n")}\n}\n`;
}

function subnetsLost({ file }: Chain, key: string): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `the bandwidth plugin in ${file} has "${key}", which pod-qos does not have: ` +
      'give --entry with rules in "egress" in its place',
  );
}
