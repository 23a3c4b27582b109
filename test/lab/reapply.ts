import { fileURLToPath } from "node:url";
import type { Reapplied } from "../../plugin/attachment/reapply.ts";
import type { Identity } from "../../plugin/datapath/names.ts";
import type { LabNode } from "./node.ts";

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

const script = fileURLToPath(new URL("driven-reapply.ts", import.meta.url));
