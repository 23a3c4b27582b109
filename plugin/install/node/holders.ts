/** Who still needs the executable: runtimes and multus delete a pod by the chain of its ADD, which they have kept. */
import { readdirSync, readFileSync } from "node:fs";
import { parseCachedResult, type CachedResult } from "../../cni/cached-result.ts";
import { messageOf } from "../../errors.ts";
import { onNode } from "../../runtime/paths.ts";

/** In words, one for each pod and interface; what cannot be read counts as one. */
export function holders(root: string): readonly string[] {
  return [...held(root, "/var/lib/cni/results", byRuntime), ...held(root, "/var/lib/cni/multus", byMultus)];
}

type Read = (name: string, text: string) => string | undefined;

function held(root: string, directory: string, read: Read): readonly string[] {
  const place = onNode(root, directory);
  try {
    return readdirSync(place, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .flatMap(({ name }) => read(name, readFileSync(`${place}/${name}`, "utf8")) ?? []);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? [] : [`${directory} cannot be read: ${messageOf(error)}`];
  }
}

/** libcni's cache: the chain is in it. */
const byRuntime: Read = (name, text) => {
  const cached = parseCachedResult(text);
  if (cached === undefined || !namesUs(cached.chain)) return undefined;
  const { args, containerId, ifname } = cached;
  return `${podOf(args) ?? `container ${containerId || name}`} ${ifname}`.trim();
};

const byMultus: Read = (name, text) => (namesUs(text) ? `container ${name} (multus)` : undefined);

function namesUs(text: string): boolean {
  return /"type"\s*:\s*"pod-qos"/.test(text.replaceAll("\\", ""));
}

function podOf({
  K8S_POD_NAMESPACE: namespace = "",
  K8S_POD_NAME: name = "",
}: CachedResult["args"]): string | undefined {
  return namespace === "" || name === "" ? undefined : `pod ${namespace}/${name}`;
}
