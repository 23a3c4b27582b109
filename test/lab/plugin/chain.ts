import { readFileSync, writeFileSync } from "node:fs";
import { runByOurselves } from "./chain-runner.ts";
import type { ChainOptions, ChainVerb, CniResult, Conflist } from "./conflist.ts";
import type { LabNode } from "../node/node.ts";
import { cniPath, peer } from "../node/paths.ts";
import { linkPlugin } from "./plugin.ts";
import type { Pod } from "../node/pod.ts";
import { LabError, type ExecResult } from "../node/process.ts";

export type { ChainOptions, ChainVerb, CniResult, Conflist } from "./conflist.ts";

export interface ChainResult extends ExecResult {
  /** What a successful add printed. */
  readonly result: CniResult | undefined;
  readonly client: "cnitool" | "runner";
}

/** Runs one verb of a whole chain on a node, as a runtime would. `conflist`: a file of the repository, or its content. */
export const runChain = async (
  node: LabNode,
  verb: ChainVerb,
  conflist: string | Conflist,
  pod: Pod,
  options: ChainOptions = {},
): Promise<ChainResult> => {
  linkPlugin(node);
  const list = typeof conflist === "string" ? readConflist(conflist) : conflist;
  const client = options.client ?? defaultClient(options);
  const run = client === "cnitool" ? runCnitool : runByOurselves;
  const done = await run(node, verb, list, pod, options);
  if (done.exitCode !== 0 && options.reject !== false) throw new LabError(done);
  const result = verb === "add" && done.exitCode === 0 ? (JSON.parse(done.stdout) as CniResult) : undefined;
  return { ...done, result, client };
};

export const readConflist = (path: string): Conflist => JSON.parse(readFileSync(path, "utf8")) as Conflist;

const defaultClient = ({ containerId, validAttachments }: ChainOptions): "cnitool" | "runner" =>
  containerId === undefined && validAttachments === undefined && peer("cnitool") !== undefined
    ? "cnitool"
    : "runner";

const NETCONF_DIR = "/etc/cni/net.d";

const runCnitool: typeof runByOurselves = async (node, verb, list, pod, options) => {
  const cnitool = peer("cnitool");
  if (cnitool === undefined)
    throw new Error("cnitool is not installed: scripts/test or scripts/demo gets it");
  writeFileSync(node.path(`${NETCONF_DIR}/${list.name}.conflist`), JSON.stringify(list));
  return node.exec(cnitool, [verb, list.name, pod.netns], {
    reject: false,
    env: {
      CNI_PATH: cniPath(),
      NETCONFPATH: NETCONF_DIR,
      CNI_IFNAME: options.ifname ?? "eth0",
      ...(options.capArgs === undefined ? {} : { CAP_ARGS: JSON.stringify(options.capArgs) }),
      ...(options.cniArgs === undefined ? {} : { CNI_ARGS: options.cniArgs }),
      ...options.env,
    },
  });
};
