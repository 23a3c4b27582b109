/** What the node's runtime says of itself and of the chain that it has loaded: asked on its socket, and of CRI-O by its own tool too. */
import { messageOf } from "../errors.ts";
import { loadedByContainerd, loadedByCrio, type Loaded } from "./loaded.ts";
import { onNode } from "./paths.ts";
import { runtimeStatus, type RuntimeStatus } from "./status.ts";

export type RuntimeAnswer = Loaded & {
  readonly answers: true;
  /** "containerd", "cri-o" */
  readonly name: string;
  readonly version: string;
  /** Why it has no network; undefined where it has one. */
  readonly notReady: string | undefined;
};

export type NoAnswer = { readonly answers: false; readonly fault: string };

/** Starts a tool with the node's own root. */
export type RunOnNode = (
  argv: readonly string[],
) => Promise<{ readonly exitCode: number; readonly stdout: string }>;

/** The first socket that answers counts. */
export async function askRuntime(
  root: string,
  sockets: readonly string[],
  runOnNode: RunOnNode,
): Promise<RuntimeAnswer | NoAnswer> {
  const faults: string[] = [];
  for (const socket of sockets) {
    try {
      return await answerOf(await runtimeStatus(onNode(root, socket)), runOnNode);
    } catch (error) {
      faults.push(`${socket}: ${messageOf(error)}`);
    }
  }
  return { answers: false, fault: faults.join("; ") || "no runtime socket found" };
}

async function answerOf(status: RuntimeStatus, runOnNode: RunOnNode): Promise<RuntimeAnswer> {
  const { name, version, conditions, info } = status;
  const network = conditions.find(({ type }) => type === "NetworkReady");
  return {
    answers: true,
    name,
    version,
    ...(name === "cri-o" ? loadedByCrio(await crioConfig(runOnNode)) : loadedByContainerd(info)),
    notReady: network?.isSo === false ? network.message : undefined,
  };
}

async function crioConfig(runOnNode: RunOnNode): Promise<string> {
  const { exitCode, stdout } = await runOnNode(["crio", "status", "config"]);
  return exitCode === 0 ? stdout : "";
}
