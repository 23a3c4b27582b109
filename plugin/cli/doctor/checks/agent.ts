/** Whether the node's agent is at work. */
import { error, warning, type Check, type Finding } from "../check.ts";
import type { Facts } from "../facts.ts";
import { quoted } from "../shell.ts";

export const agentChecks: readonly Check[] = [
  { id: "agent-running", wants: "the node's agent runs, or none ever has", find: ofRunning },
  { id: "agent-version", wants: "the node's agent is of the plugin's version", find: ofVersion },
];

function ofRunning(facts: Facts): Finding | undefined {
  const { everRan, pid } = facts.agent;
  if (pid !== undefined) return undefined;
  if (facts.conf.entry?.["agent"] === "required")
    return error('no agent runs, and the conf says "agent": "required": no pod starts', started(facts));
  return everRan
    ? warning(
        "the agent does not run: running pods keep what they have, and changes do not reach them",
        started(facts),
      )
    : undefined;
}

function ofVersion(facts: Facts): Finding | undefined {
  const { version } = facts.agent;
  const installed = facts.chain.version;
  if (version === undefined || installed === undefined || version === installed) return undefined;
  return warning(
    `the agent is ${version}, and the plugin that pods start with is ${installed}: one may not be able to read what the other wrote`,
    started(facts),
  );
}

/** The DaemonSet makes a deleted pod anew; one without an API is somebody's service on this node, and the next one waits for its end. */
function started({ agent: { followsApi, everRan, pid, args }, chain, state }: Facts): string {
  if (followsApi || !everRan)
    return 'kubectl -n pod-qos-system delete pod -l app.kubernetes.io/component=agent --field-selector spec.nodeName="$(hostname)"';
  const ended = pid === undefined ? "" : `kill ${pid} && `;
  const plain = ["agent", "--no-api", "--state-dir", state.directory, "--conf-dir", chain.confDir];
  const call = [`${chain.binDir}/pod-qos`, ...(args.length === 0 ? plain : args)].map(quoted).join(" ");
  return `${ended}setsid --fork ${call} >/dev/null 2>&1`;
}
