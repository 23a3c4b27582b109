import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { callNode, type NodeAnswer } from "../../../scripts/lab/cluster/node/calls.ts";
import { egressSocket } from "../../../scripts/lab/cluster/node/folder.ts";
import { prepareVmNode, runVmNode, untilNodeReady } from "../../../scripts/lab/cluster/node/vm-node.ts";
import { API_ADDRESS } from "../../../scripts/lab/vm/qemu.ts";
import type { Conflist } from "../plugin/conflist.ts";
import { pluginPath } from "../node/paths.ts";
import { createCluster } from "./cluster.ts";

/** A whole cluster with one real node, as `./scripts/cluster up --node` makes it. */
export type VmCluster = {
  readonly plane: ControlPlane;
  /** Of the node in the API. */
  readonly nodeName: string;
  /** Runs a command on the node; throws when it fails. */
  readonly exec: (command: readonly string[], withinMs?: number) => Promise<string>;
  /** The same, whatever its end. */
  readonly call: (command: readonly string[], withinMs?: number) => Promise<NodeAnswer>;
  /** What this machine shares with the node: /vm-out there. */
  readonly folder: string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type VmClusterOptions = {
  readonly conflist: Conflist;
  readonly audit?: boolean;
  /** "none": the node has no pod-qos yet. */
  readonly plugin?: "in-place" | "none";
};

/** Resolves when the node is ready. */
export const createVmCluster = async ({
  conflist,
  audit = false,
  plugin = "in-place",
}: VmClusterOptions): Promise<VmCluster> => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-node-"));
  const nodeName = "node-1";
  const end = new AbortController();
  const state = { ended: false, running: Promise.resolve() };
  const whole = { addresses: [API_ADDRESS], controllers: true, egressSocket: egressSocket(folder) };
  const plane = await createCluster({ ...whole, audit });
  const dispose = async (): Promise<void> => {
    end.abort();
    await state.running;
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const node = {
      folder,
      name: nodeName,
      conflist,
      executable: plugin === "none" ? undefined : pluginPath(),
    };
    await prepareVmNode(plane, node);
    state.running = runVmNode(folder, end.signal).finally(() => (state.ended = true));
    await untilNodeReady(plane.api, node, () => state.ended);
  } catch (error) {
    await dispose();
    throw error;
  }
  const call: VmCluster["call"] = (command, withinMs) => callNode(folder, command, withinMs);
  return {
    plane,
    nodeName,
    call,
    exec: async (command, withinMs) => {
      const { exitCode, stdout, stderr } = await call(command, withinMs);
      if (exitCode !== 0)
        throw new Error(`${command.join(" ")} ended on the node with ${exitCode}: ${stderr}`);
      return stdout;
    },
    folder,
    [Symbol.asyncDispose]: dispose,
  };
};
