import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";

/**
 * Another cluster at the same address, with the same authority: nothing of the former is in the store, and the store's versions go
 * on. The API server is to be started by the caller.
 */
export const forgetAll = async (plane: ControlPlane): Promise<void> => {
  await plane.killApiServer();
  const response = await fetch(`http://127.0.0.1:${plane.ports.etcd}/v3/kv/deleterange`, {
    method: "POST",
    // From "\0" to "\0": all keys.
    body: JSON.stringify({ key: "AA==", range_end: "AA==" }),
  });
  if (!response.ok) throw new Error(`etcd answered ${response.status}: ${await response.text()}`);
};
