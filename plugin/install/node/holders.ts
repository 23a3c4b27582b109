/** Who still needs the executable: runtimes and multus delete a pod by the chain of its ADD, which they have kept. */
import { readdirSync, readFileSync } from "node:fs";
import { isObject } from "../../cni/fields.ts";
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

/** libcni's cache: the chain is in it as base64. */
const byRuntime: Read = (name, text) => {
  const cached = parsed(text);
  if (cached === undefined) return undefined;
  const { config, cniArgs, ifName, containerId } = cached;
  if (typeof config !== "string" || !namesUs(Buffer.from(config, "base64").toString())) return undefined;
  return `${podOf(cniArgs) ?? `container ${String(containerId ?? name)}`} ${String(ifName ?? "")}`.trim();
};

const byMultus: Read = (name, text) => (namesUs(text) ? `container ${name} (multus)` : undefined);

function namesUs(text: string): boolean {
  return /"type"\s*:\s*"pod-qos"/.test(text.replaceAll("\\", ""));
}

/** [["K8S_POD_NAME", "web-1"], …] */
function podOf(args: unknown): string | undefined {
  if (!Array.isArray(args)) return undefined;
  const pairs = new Map(
    args.filter((pair) => Array.isArray(pair)).map(([key, value]) => [String(key), String(value)]),
  );
  const [namespace, name] = [pairs.get("K8S_POD_NAMESPACE"), pairs.get("K8S_POD_NAME")];
  return namespace === undefined || name === undefined ? undefined : `pod ${namespace}/${name}`;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
