/** Everything that doctor looks at, read once. */
import { readLeniently } from "../../cni/conf.ts";
import { inOurSpelling } from "../../cni/spelling.ts";
import { ownBuild } from "../../attachment/build.ts";
import { isOurs } from "../../cni/chain-file.ts";
import { chainOf } from "./chain.ts";
import type { Facts, Where } from "./facts.ts";
import { agentFacts } from "./gather/agent.ts";
import { chainFacts } from "./gather/chain.ts";
import { confFacts } from "./gather/conf.ts";
import { isIproute2, nodeFacts } from "./gather/node.ts";
import { runtimeFacts } from "./gather/runtime.ts";
import { podsFacts, stateFacts } from "./gather/state.ts";
import { uplinkFacts } from "./gather/uplink.ts";

export async function gather(where: Where): Promise<Facts> {
  const { root } = where;
  const [node, runtime] = await Promise.all([nodeFacts(root), runtimeFacts(where)]);
  const chain = await chainFacts(where, runtime, { version: ownBuild, path: process.execPath });
  const read = chainOf(chain);
  const found = typeof read === "object" ? read.plugins.findLast(isOurs) : undefined;
  const entry = found && inOurSpelling({ ...found, name: typeof read === "object" ? read.network : "" });
  const stateDir = `${root}${where.stateDir ?? readLeniently(entry ?? {}).stateDir}`;
  const [conf, agent, uplink] = await Promise.all([
    confFacts(entry, { root, stateDir }),
    agentFacts(stateDir),
    uplinkFacts(entry, stateDir, node.missing.length === 0 && isIproute2(node.tc ?? "")),
  ]);
  return {
    root,
    node,
    runtime,
    chain,
    conf,
    agent,
    uplink,
    state: stateFacts(stateDir),
    pods: podsFacts(stateDir),
  };
}
