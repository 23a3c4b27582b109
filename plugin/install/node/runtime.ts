/** The runtime of the node: which one, and which chain it has loaded. Asked by the node's own tools. */
import { existsSync } from "node:fs";
import { run, type Outcome } from "../../kernel/exec.ts";
import type { Runtime } from "../chain/model.ts";
import { onNode } from "./paths.ts";

/** By their sockets: a runtime that is not at work has nothing loaded. */
const sockets: readonly (readonly [path: string, kind: "containerd" | "cri-o"])[] = [
  ["/run/k3s/containerd/containerd.sock", "containerd"],
  ["/var/snap/microk8s/common/run/containerd.sock", "containerd"],
  ["/run/crio/crio.sock", "cri-o"],
  ["/run/containerd/containerd.sock", "containerd"],
];

export async function seeRuntime(root: string): Promise<Runtime | undefined> {
  const [, kind] = socketOf(root) ?? [];
  if (kind === undefined) return undefined;
  const tool = kind === "containerd" ? "containerd" : "crio";
  const { exitCode, stdout } = await runOnNode(root, [tool, "--version"], "");
  const version = exitCode === 0 ? /\bv?(\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1] : undefined;
  return version === undefined ? undefined : { name: kind, version };
}

/** "no": no chain with us is loaded. "unknown": nobody answers. */
export async function hasUsLoaded(root: string): Promise<"yes" | "no" | "unknown"> {
  const [socket] = socketOf(root) ?? [];
  if (socket === undefined) return "no";
  for (const tool of [["crictl"], ["k3s", "crictl"]]) {
    const asked = [...tool, "--runtime-endpoint", `unix://${socket}`, "info"];
    const { exitCode, stdout } = await runOnNode(root, asked, "");
    if (exitCode === 0 && stdout.includes('"cniconfig"'))
      return /"type"\s*:\s*"pod-qos"/.test(stdout.replaceAll("\\", "")) ? "yes" : "no";
  }
  return "unknown";
}

/** In the node's file system, so with its loader and its tools. `words`: what goes before, as for env. */
export function runOnNode(
  root: string,
  argv: readonly string[],
  input: string,
  env: readonly string[] = [],
): Promise<Outcome> {
  const entered = root === "/" ? argv : ["chroot", root, ...argv];
  return run(env.length === 0 ? entered : ["env", ...env, ...entered], input, { startsOthers: true });
}

function socketOf(root: string): (typeof sockets)[number] | undefined {
  return sockets.find(([path]) => existsSync(onNode(root, path)));
}
