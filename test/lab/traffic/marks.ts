/** Which DSCPs the kernel gives to what leaves a pod. */
import type { Pod } from "../node/pod.ts";

export const marksOf = async (pod: Pod): Promise<readonly number[]> => {
  const { stdout } = await pod.exec("iptables-save", ["-t", "mangle"]);
  return [...stdout.matchAll(/--set-dscp 0x([0-9a-f]+)/g)].map(([, value = ""]) =>
    Number.parseInt(value, 16),
  );
};
