import { fileURLToPath } from "node:url";
import type { Reapplied } from "../../../plugin/attachment/reapply.ts";
import type { Identity } from "../../../plugin/datapath/names.ts";
import { exactState } from "../node/exact-state.ts";
import type { LabNode } from "../node/node.ts";
import type { Plug } from "../plugin/plug.ts";
import { readRecordOf } from "../plugin/records.ts";

export type Reapplication = {
  readonly identity: Identity;
  /** Today's entry of the conflist. */
  readonly conf?: Readonly<Record<string, unknown>>;
};

export type Reapplying = {
  readonly kind: Reapplied["kind"];
  readonly message: string;
  /** Processes that it started. */
  readonly started: number;
};

/** What the agent does for one attachment, without its loop: in a process on the node, for its namespace is what counts. */
export const reapplyOn = async (node: LabNode, task: Reapplication): Promise<Reapplying> => {
  const { stdout } = await node.exec(process.execPath, [script], { input: JSON.stringify(task) });
  return JSON.parse(stdout) as Reapplying;
};

/** The same of a pod with the conf that it was plugged with, but for what `conf` says. */
export const reapplyTo = (pod: Plug, conf?: object): Promise<Reapplying> => {
  const { prevResult: _, ...entry } = pod.conf;
  const identity = { network: String(entry["name"]), containerId: pod.pod.containerId, ifname: pod.ifname };
  return reapplyOn(pod.node, { identity, ...(conf && { conf: { ...entry, defaults: {}, ...conf } }) });
};

/**
 * What it has in the kernel and in its record. Each time that it is made an ifb has another number and address. The process that
 * decides anew is of another build.
 */
export const reappliedState = async (pod: Plug): Promise<readonly unknown[]> => {
  const text = await exactState(pod.node, pod.pod);
  const { build: _, ...record } = readRecordOf(pod);
  return [text.replaceAll(/^\d+: (?=pq)|link\/ether \S+(?= brd.*\n.*alias pod-qos)/gm, ""), record];
};

const script = fileURLToPath(new URL("driven-reapply.ts", import.meta.url));
