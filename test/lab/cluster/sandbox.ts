import { randomBytes } from "node:crypto";
import { runChain, type ChainOptions, type CniResult, type Conflist } from "../plugin/chain.ts";
import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";
import { capabilitiesOf, cniArgsOf, type Annotations, type SandboxIdentity } from "./runtime-call.ts";

/** A pod's network namespace, with what the chain gave it. */
export type Sandbox = SandboxIdentity & {
  /** Where commands run in the pod: `sandbox.pod.exec("ping", …)`. */
  readonly pod: Pod;
  readonly result: CniResult;
  /** Without prefix length. */
  readonly addresses: readonly string[];
  /** CHECK of the chain, as it was added; throws what the chain said. */
  readonly check: () => Promise<void>;
  /** DEL, as it was added, and the namespace's end. Throws what the chain said against it; the namespace goes all the same. */
  readonly end: () => Promise<void>;
};

export type SandboxWish = Omit<SandboxIdentity, "containerId"> & { readonly annotations: Annotations };

/** As a runtime does: a namespace, the chain, and where the chain fails all of it undone; what it said is thrown. */
export const makeSandbox = async (
  node: LabNode,
  conflist: Conflist,
  { annotations, ...wish }: SandboxWish,
): Promise<Sandbox> => {
  const containerId = randomBytes(32).toString("hex");
  const identity = { ...wish, containerId };
  const pod = await node.addPod(`cni-${containerId.slice(0, 12)}`);
  const options = { containerId, cniArgs: cniArgsOf(identity), capArgs: capabilitiesOf(annotations) };
  const check = async (): Promise<void> => {
    await runChain(node, "check", conflist, pod, options);
  };
  const end = (): Promise<void> => undo(node, conflist, pod, options);
  try {
    const { result = { cniVersion: "" } } = await runChain(node, "add", conflist, pod, options);
    const addresses = (result.ips ?? []).map(({ address }) => address.split("/")[0] ?? "");
    return { ...identity, pod, result, addresses, check, end };
  } catch (error) {
    await end();
    throw error;
  }
};

const undo = async (node: LabNode, conflist: Conflist, pod: Pod, options: ChainOptions): Promise<void> => {
  try {
    await runChain(node, "del", conflist, pod, options);
  } finally {
    await pod.remove();
  }
};
