/** What people apply: install/kubernetes as it is, or with another version and an entry of their own. */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { INSTALL } from "../../lab/cluster/installed.ts";

export type Layer = { readonly version: string; readonly entry: object };

/** A folder for `kubectl apply -k`. */
export const layerOf = (folder: string, { version, entry }: Layer): string => {
  const place = join(folder, `layer-${version}`);
  mkdirSync(place, { recursive: true });
  const args = ["install", "--root", "/host", "--wait", "--entry", JSON.stringify(entry)];
  const patch = [{ op: "replace", path: "/spec/template/spec/initContainers/0/args", value: args }];
  const layer = {
    resources: [relative(realpathSync(place), INSTALL)],
    images: [{ name: "localhost/pod-qos", newTag: version }],
    patches: [{ target: { kind: "DaemonSet", name: "pod-qos-agent" }, patch: JSON.stringify(patch) }],
  };
  writeFileSync(join(place, "kustomization.yaml"), JSON.stringify(layer));
  return place;
};
