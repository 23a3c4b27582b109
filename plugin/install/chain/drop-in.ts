/** Our entry as a drop-in file of CNI 1.1, `<conf directory>/<network>/99-pod-qos.conf`. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import { bandwidthType } from "../../cni/static-limits.ts";
import { typesOf } from "../../cni/chain-file.ts";
import { type Chain } from "./file.ts";
import type { Change, Runtime, Seen } from "./model.ts";

/** `isAsked`: one that is there already has been held to the runtime by who asked for it. */
export function asDropIn(
  { dropIns, runtime }: Seen,
  chain: Chain,
  entry: JsonObject,
  isAsked: boolean,
): Change {
  const refusal = (isAsked ? runtimeRefusal(runtime) : undefined) ?? chainRefusal(chain);
  if (refusal !== undefined) throw new CniError(ErrorCode.invalidConfig, `--drop-in: ${refusal}`);
  const file = `${chain.network}/${dropInName}`;
  return {
    file,
    former: dropIns.find(({ name }) => name === file)?.text,
    text: `${JSON.stringify(entry, null, 2)}\n`,
  };
}

/** Drop-ins are appended in the order of their names, and we belong at the end. */
const dropInName = "99-pod-qos.conf";

function runtimeRefusal(runtime: Runtime | undefined): string | undefined {
  if (runtime === undefined)
    return "which runtime reads this directory, and in which version, could not be seen";
  const { name, version } = runtime;
  if (name === "cri-o")
    return "CRI-O calls a plugin of a drop-in file for ADD and never for DEL or CHECK, for it keeps the conflist without it";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 1)
    ? undefined
    : `containerd ${version} does not read drop-in files, and says nothing of it: 2.1 is the first that does`;
}

function chainRefusal({ file, kind, document, plugins }: Chain): string | undefined {
  if (kind === "single") return `${file} is the conf of one plugin, which takes no drop-ins`;
  if (document["loadOnlyInlinedPlugins"] === true) return `${file} has "loadOnlyInlinedPlugins"`;
  if (typesOf(plugins).includes(bandwidthType))
    return `${file} has the bandwidth plugin, which does the same job, and a drop-in cannot take it out`;
  return undefined;
}
