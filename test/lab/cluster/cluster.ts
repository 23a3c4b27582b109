import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  startControlPlane,
  type ControlPlane,
  type ControlPlaneOptions,
} from "../../../scripts/lab/cluster/control-plane.ts";

/** A control plane for a test, which goes with the test: `await using plane = await createCluster()`. */
export const createCluster = async (
  options: Omit<ControlPlaneOptions, "folder" | "outlivesUs"> = {},
): Promise<ControlPlane> => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-cluster-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const plane = await startControlPlane({ ...options, folder });
    const stop = async (): Promise<void> => {
      await plane.stop();
      remove();
    };
    return { ...plane, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    remove();
    throw error;
  }
};
