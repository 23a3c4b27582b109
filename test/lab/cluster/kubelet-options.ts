import type { Api } from "../../../scripts/lab/cluster/api.ts";
import type { Conflist } from "../plugin/chain.ts";
import type { LabNode } from "../node/node.ts";

export type KubeletOptions = {
  readonly api: Api;
  readonly node: LabNode;
  /** The node's name in the API. */
  readonly name: string;
  readonly conflist: Conflist;
  /** True: takes pods that have no node yet. Default false. */
  readonly binds?: boolean;
  /** Between two attempts at what failed. Default one second. */
  readonly retryMs?: number;
};
