/** Who else wants to be first in the conf directory, and by which flag he lets us be. Pure. */
import { ourType, typesOf } from "../../cni/chain-file.ts";
import { inOrder, readChain, type Chain } from "./file.ts";
import type { Seen } from "./model.ts";
import { isOwn, isTakenByCilium, originOf } from "./own.ts";

/** In words; undefined where nobody fights. */
export function rivalsOf({ files }: Seen, primary: Chain): string | undefined {
  const taken = files.find(isTakenByCilium);
  if (taken !== undefined) {
    return (
      `cilium has renamed our conflist to ${taken.name}: set cni.exclusive=false in cilium's Helm values ` +
      `(cni-exclusive: "false" in its ConfigMap), delete that file, and run this again`
    );
  }
  const added = addedToOurs(files, primary);
  if (added !== undefined) return added;
  if (!typesOf(primary.plugins).includes("istio-cni")) return undefined;
  const source = inOrder(files).find((file) => {
    const chain = readChain(file);
    return (
      typeof chain !== "string" &&
      chain.file > primary.file &&
      typesOf(chain.plugins)[0] === typesOf(primary.plugins)[0]
    );
  });
  return source === undefined
    ? undefined
    : `${primary.file} is istio's copy of ${source.name}, and istio wants to be first: ` +
        "set cni.istioOwnedCNIConfig=false in istio's Helm values, and run this again";
}

/** A plugin that the primary's file does not have: whoever put it into our copy would do so again. */
function addedToOurs(files: Seen["files"], primary: Chain): string | undefined {
  const known = new Set([...typesOf(primary.plugins), ourType]);
  for (const file of files.filter(isOwn)) {
    const chain = readChain(file);
    // Of a copy that is not of today's file nobody can tell.
    if (typeof chain === "string" || originOf(chain.document)?.sha256 !== primary.sha256) continue;
    const type = typesOf(chain.plugins).find((each) => !known.has(each));
    if (type === undefined) continue;
    return type === "istio-cni"
      ? `istio has put its entry into ${file.name}, which is ours: set cni.cniConfFileName=${primary.file} in istio's Helm ` +
          `values, so that the copy has it too, delete ${file.name}, and run this again`
      : `somebody has put "${type}" into ${file.name}, which is ours: put it into ${primary.file}, so that the copy has it ` +
          `too, delete ${file.name}, and run this again`;
  }
  return undefined;
}

/** In words, for who is undone without a trace: what the chain lets one suspect. */
export function suspectsOf(types: readonly string[]): string {
  if (types.includes("cilium-cni")) return "if it is cilium, set cni.exclusive=false in its Helm values";
  if (types.includes("istio-cni"))
    return "if it is istio, set cni.istioOwnedCNIConfig=false in its Helm values";
  return "find what does it, and stop it";
}
