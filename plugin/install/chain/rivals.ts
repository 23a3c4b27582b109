/** Who else wants to be first in the conf directory, and by which flag he lets us be. Pure. */
import { inOrder, readChain, typesOf, type Chain } from "./file.ts";
import type { Seen } from "./model.ts";
import { isTakenByCilium } from "./own.ts";

/** In words; undefined where nobody fights. */
export function rivalsOf({ files }: Seen, primary: Chain): string | undefined {
  const taken = files.find(isTakenByCilium);
  if (taken !== undefined) {
    return (
      `cilium has renamed our conflist to ${taken.name}: set cni.exclusive=false in cilium's Helm values ` +
      `(cni-exclusive: "false" in its ConfigMap), delete that file, and run this again`
    );
  }
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
