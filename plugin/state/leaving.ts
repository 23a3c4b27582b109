/** That an uninstall has begun and has not ended: it waits for pods whose chain the runtime has kept. Below /run, as the locks of it. */
import { isObject } from "../cni/fields.ts";
import { readJson } from "./file.ts";

export const leavingFile = "/run/pod-qos-install/leaving";

export type Leaving = {
  /** Those that are to go. */
  readonly stateDirs: readonly string[];
  /** Whose confs it takes away. */
  readonly networks: "all" | readonly string[];
};

export function isLeaving(network: string, file = leavingFile): boolean {
  const { networks } = readLeaving(file);
  return networks === "all" || networks.includes(network);
}

/** Of a file that is not there, nothing. */
export function readLeaving(file: string): Leaving {
  const noted = readJson(file);
  if (!isObject(noted)) return { stateDirs: [], networks: [] };
  const networks = noted["networks"] === "all" ? "all" : textsIn(noted["networks"]);
  return { stateDirs: textsIn(noted["stateDirs"]).filter((path) => path.startsWith("/")), networks };
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
