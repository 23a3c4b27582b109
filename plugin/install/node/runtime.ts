/** The runtime of the node: which one, and whether it has us loaded. Asked on its socket. */
import { run, type Outcome } from "../../kernel/exec.ts";
import { askRuntime, type NoAnswer, type RuntimeAnswer } from "../../runtime/ask.ts";
import { ourType } from "../../cni/chain-file.ts";
import { findSockets } from "../../runtime/sockets.ts";
import type { Runtime } from "../chain/model.ts";

/** One that does not answer is asked by its program. */
export async function seeRuntime(root: string): Promise<Runtime | undefined> {
  const sockets = findSockets(root);
  const [first] = sockets;
  if (first === undefined) return undefined;
  const answer = await ask(root, sockets);
  const kind = answer.answers ? answer.name : first.endsWith("/crio.sock") ? "cri-o" : "containerd";
  if (kind !== "containerd" && kind !== "cri-o") return undefined;
  const said = answer.answers ? answer.version : await programVersion(root, kind);
  const version = /\bv?(\d+\.\d+(?:\.\d+)?)/.exec(said)?.[1];
  return version === undefined ? undefined : { name: kind, version };
}

async function programVersion(root: string, kind: Runtime["name"]): Promise<string> {
  const program = kind === "containerd" ? "containerd" : "crio";
  const { exitCode, stdout } = await runOnNode(root, [program, "--version"], "");
  return exitCode === 0 ? stdout : "";
}

/** "no": no chain with us is loaded; a runtime without a socket has none. "unknown": it does not say. */
export async function hasUsLoaded(root: string): Promise<"yes" | "no" | "unknown"> {
  // The first alone: if the node's runtime is silent for a moment, another one's "no" would take the executable away from it.
  const [socket] = findSockets(root);
  if (socket === undefined) return "no";
  const answer = await ask(root, [socket]);
  if (!answer.answers || !answer.reportsChain) return "unknown";
  return /"type":"pod-qos"/.test(JSON.stringify(answer.chains)) ? "yes" : "no";
}

/** Until no chain that is loaded has one of these keys in our entry. A runtime that does not say what it has loaded is not waited for. */
export async function untilNotLoaded(root: string, keys: readonly string[]): Promise<void> {
  const [socket] = findSockets(root);
  if (socket === undefined) return;
  for (const until = performance.now() + reloadTakesMs; performance.now() < until;) {
    const answer = await ask(root, [socket]);
    if (!answer.answers || !answer.reportsChain) return;
    const entries = answer.chains.flatMap(({ plugins }) => plugins.filter(({ type }) => type === ourType));
    if (!entries.some((entry) => keys.some((key) => Object.hasOwn(entry, key)))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** It waits for every ADD that has begun. */
const reloadTakesMs = 30_000;

function ask(root: string, sockets: readonly string[]): Promise<RuntimeAnswer | NoAnswer> {
  return askRuntime(root, sockets, (argv) => runOnNode(root, argv, ""));
}

/** In the node's file system, so with its loader and its tools. `env`: as the tool env takes it. */
export function runOnNode(
  root: string,
  argv: readonly string[],
  input: string,
  env: readonly string[] = [],
  limitMs?: number,
): Promise<Outcome> {
  const entered = root === "/" ? argv : ["chroot", root, ...argv];
  return run(env.length === 0 ? entered : ["env", ...env, ...entered], input, {
    startsOthers: true,
    limitMs,
  });
}
