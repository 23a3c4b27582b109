import { existsSync, symlinkSync } from "node:fs";
import type { LabNode } from "../node/node.ts";
import { cniPath, NODE_CNI_BIN, pluginPath } from "../node/paths.ts";
import type { ExecResult } from "../node/process.ts";

export type CniVerb = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS" | "VERSION";

/** One call of a plugin as a runtime makes it. What is left out is left out of the environment too. */
export interface PluginCall {
  /** Undefined: CNI_COMMAND unset, the tool for people. */
  readonly command?: CniVerb | string;
  /** Goes to stdin: an object as JSON, a string as it is. */
  readonly conf?: object | string;
  readonly containerId?: string;
  readonly netns?: string;
  readonly ifname?: string;
  /** CNI_ARGS. */
  readonly args?: string;
  /** Default: the CNI_PATH of the lab. */
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments on the command line. */
  readonly argv?: readonly string[];
  /** Another executable than the one under test, by full path. */
  readonly plugin?: string;
  /** SIGKILL after so many milliseconds. */
  readonly killAfterMs?: number;
}

export interface PluginResult extends ExecResult {
  /** stdout parsed; undefined when it is empty or no JSON. */
  readonly json: unknown;
  /** The same, when it is a CNI error object. */
  readonly error: CniErrorObject | undefined;
}

export interface CniErrorObject {
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** Runs the executable directly on a node; never throws for a failing plugin. */
export const callPlugin = async (node: LabNode, call: PluginCall): Promise<PluginResult> => {
  const { conf = "", plugin = linkPlugin(node), killAfterMs } = call;
  const running = node.start(plugin, call.argv ?? [], {
    input: typeof conf === "string" ? conf : JSON.stringify(conf),
    env: { ...cniEnv(call), ...call.env },
  });
  const timer =
    killAfterMs === undefined ? undefined : setTimeout(() => running.kill("SIGKILL"), killAfterMs);
  const result = await running.done;
  clearTimeout(timer);
  const json = parsed(result.stdout);
  return { ...result, json, error: isError(json) ? json : undefined };
};

/** Puts the executable under test into the node's CNI directory, once, and says where it is there. */
export const linkPlugin = (node: LabNode): string => {
  const inside = `${NODE_CNI_BIN}/pod-qos`;
  if (!existsSync(pluginPath())) throw new Error(`${pluginPath()} is missing: npm run build makes it`);
  if (!existsSync(node.path(inside))) symlinkSync(pluginPath(), node.path(inside));
  return inside;
};

const cniEnv = (call: PluginCall): Readonly<Record<string, string>> => {
  const named = {
    CNI_COMMAND: call.command,
    CNI_CONTAINERID: call.containerId,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.ifname,
    CNI_ARGS: call.args,
    CNI_PATH: call.command === undefined ? call.path : (call.path ?? cniPath()),
  };
  return Object.fromEntries(
    Object.entries(named).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const isError = (json: unknown): json is CniErrorObject =>
  typeof json === "object" && json !== null && "code" in json && "msg" in json;
