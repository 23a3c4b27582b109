/** A node on which all is well, and what `pod-qos doctor` says of it. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { LabNode } from "../node/node.ts";
import { pluginPath } from "../node/paths.ts";
import { callPlugin, linkPlugin } from "../plugin/plugin.ts";
import { uplink200, type UplinkSite } from "../uplink/uplink.ts";

export const capabilities = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };
export const ours = { type: "pod-qos", capabilities, uplink: uplink200 };
const flannel = { type: "flannel", delegate: { isDefaultGateway: true } };
export const portmap = { type: "portmap", capabilities: { portMappings: true } };

export const conflist = (...plugins: readonly object[]): string =>
  JSON.stringify({ name: "podnet", cniVersion: "1.0.0", plugins: [flannel, ...plugins] }, null, 2);

/** The conf directory as it should be, and the plugins that it names. */
export const makeWell = ({ node }: UplinkSite): void => {
  const confDir = node.path("/etc/cni/net.d");
  for (const name of readdirSync(confDir)) rmSync(`${confDir}/${name}`, { recursive: true });
  putConf(node, "10-flannel.conflist", conflist(portmap, ours));
  // As if no agent had ever been there.
  rmSync(node.path("/run/pod-qos/live"), { recursive: true, force: true });
  linkPlugin(node);
  for (const name of ["flannel", "portmap", "bandwidth"]) {
    rmSync(node.path(`/opt/cni/bin/${name}`), { force: true });
    symlinkSync("/bin/true", node.path(`/opt/cni/bin/${name}`));
  }
};

export const putConf = (node: LabNode, name: string, text: string): void => {
  const path = node.path(`/etc/cni/net.d/${name}`);
  mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
  writeFileSync(path, text);
};

export type Said = {
  readonly exitCode: number;
  /** What is not well, by id. */
  readonly ids: readonly string[];
  readonly of: (id: string) => { readonly result: string; readonly error?: string; readonly mend?: string };
};

/** By an executable that stays where the installed one is taken away. */
export const askDoctor = async (node: LabNode, ...args: readonly string[]): Promise<Said> => {
  const { exitCode, stdout, json } = await callPlugin(node, {
    plugin: pluginPath(),
    argv: ["doctor", "--json", ...args],
  });
  if (json === undefined) throw new Error(`doctor: ${exitCode}: ${stdout}`);
  const { categories } = json as { categories: { checks: (ReturnType<Said["of"]> & { id: string })[] }[] };
  const all = categories.flatMap(({ checks }) => checks);
  return {
    exitCode,
    ids: all.filter(({ result }) => result !== "success").map(({ id }) => id),
    of: (id) => all.find((each) => each.id === id) ?? { result: "no such check" },
  };
};

/** Once the runtime has read what was written a moment ago, which takes it some milliseconds; `id` may be that it has not. */
export const askOnceRead = async (node: LabNode, id?: string, ...args: readonly string[]): Promise<Said> => {
  for (let tries = 1; ; tries += 1) {
    const said = await askDoctor(node, ...args);
    const isLate = said.ids.some((each) => each.startsWith("runtime-") && each !== id);
    if (!isLate || tries === 20) return said;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
