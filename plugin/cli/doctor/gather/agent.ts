/** The node's agent, by what it wrote. */
import { isObject } from "../../../cni/fields.ts";
import { run } from "../../../kernel/exec.ts";
import { readText } from "../../../kernel/linux.ts";
import { readJson } from "../../../state/file.ts";
import { agentAtWork } from "../../../state/live/agent.ts";
import { hasLivePlace, liveDirectory } from "../../../state/live/place.ts";
import type { AgentFacts } from "../facts.ts";
import { versionSaid } from "./chain.ts";

export async function agentFacts(stateDir: string): Promise<AgentFacts> {
  const agent = agentAtWork(stateDir);
  const last = readJson(`${liveDirectory(stateDir)}/agent.json`);
  return {
    everRan: hasLivePlace(stateDir),
    pid: agent?.pid,
    args: agent === undefined ? [] : argsOf(agent.pid),
    version:
      agent === undefined
        ? undefined
        : versionSaid(await run(["env", `/proc/${agent.pid}/exe`, "--version"], "")),
    // One that was stopped took its file along: there are more that follow the API than others.
    followsApi: isObject(last) ? last["followsPods"] !== false : true,
  };
}

/** Each of them ends with a NUL. */
function argsOf(pid: number): readonly string[] {
  return (readText(`/proc/${pid}/cmdline`) ?? "").split("\0").slice(1, -1);
}
