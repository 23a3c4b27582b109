import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";

/**
 * etcd forgets all versions but the newest. The API server's own cache remembers on: once it has been started anew, lists and
 * watches from an older version are answered with 410.
 */
export const compact = async ({ ports }: ControlPlane): Promise<void> => {
  const ask = async (path: string, body: object): Promise<RangeAnswer> => {
    const response = await fetch(`http://127.0.0.1:${ports.etcd}/v3/kv/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`etcd answered ${path} with ${response.status}: ${await response.text()}`);
    return (await response.json()) as RangeAnswer;
  };
  // "\0": no key is asked for, only the revision.
  const { header } = await ask("range", { key: "AA==" });
  await ask("compaction", { revision: header.revision, physical: true });
};

type RangeAnswer = { readonly header: { readonly revision: string } };
