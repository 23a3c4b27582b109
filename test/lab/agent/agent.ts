import { crowding } from "../measure/machine.ts";
import type { LabNode } from "../node/node.ts";
import { linkPlugin } from "../plugin/plugin.ts";
import type { Running } from "../node/process.ts";

/** The agent of a lab node, at work in it. */
export interface Agent {
  readonly pid: number;
  /** As a service manager ends it; what it said comes back. */
  readonly stop: () => Promise<string>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  readonly page: (path: string) => Promise<{ readonly code: number; readonly text: string }>;
  readonly metric: (line: string) => Promise<number>;
}

export interface AgentOptions {
  readonly args?: readonly string[];
  readonly round?: string;
  /** Wait until it says that it is ready; default true. */
  readonly ready?: boolean;
  readonly readyWithinMs?: number;
  /** Default: the executable under test. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Files alone, unless `args` say otherwise. */
export const startAgent = async (node: LabNode, options: AgentOptions = {}): Promise<Agent> => {
  const {
    args = ["--no-api"],
    round = "10m",
    ready = true,
    command = [linkPlugin(node)],
    env = {},
    readyWithinMs = 15_000,
  } = options;
  const [file = "", ...before] = command;
  const running: Running = node.start(file, [...before, "agent", ...args, "--round", round], {
    timeoutMs: 1_800_000,
    env,
  });
  const page: Agent["page"] = async (path) => {
    const url = `http://127.0.0.1:9465${path}`;
    const { stdout } = await node.exec("curl", ["-s", "-w", "\n%{http_code}", url], { reject: false });
    const lines = stdout.split("\n");
    return { code: Number(lines.pop()), text: lines.join("\n") };
  };
  const agent: Agent = {
    pid: running.pid,
    page,
    stop: async () => {
      running.kill("SIGTERM");
      const { exitCode, stderr } = await running.done;
      if (exitCode !== 0) throw new Error(`the agent ended with ${exitCode}: ${stderr}`);
      return stderr;
    },
    kill: async () => {
      running.kill("SIGKILL");
      await running.done;
    },
    metric: async (line) => {
      const { text } = await page("/metrics");
      const row = text.split("\n").find((each) => each.startsWith(`${line} `));
      return row === undefined ? 0 : Number(row.split(" ").at(-1));
    },
  };
  if (!ready) return agent;
  const isReady = async (): Promise<boolean> => (await page("/readyz")).code === 200;
  try {
    await until("the agent is ready", isReady, readyWithinMs);
  } catch (error) {
    // Nobody else has it: it would be at work beside the next.
    await agent.kill();
    throw error;
  }
  return agent;
};

/** Looks each 20 ms; fails with what was waited for. Where others use the processors it waits as many times as long. */
export const until = async (
  what: string,
  isSo: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<number> => {
  const began = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - began;
    if (waitedMs > withinMs && waitedMs > withinMs * (await crowding()))
      throw new Error(`not within ${Math.round(waitedMs)} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - began;
};

/** Writes a conflist into the node's conf directory as an editor does: beside it, then renamed. */
export const writeConf = async (
  node: LabNode,
  name: string,
  entry: object,
  network = "lab",
): Promise<void> => {
  const text = JSON.stringify({
    cniVersion: "1.1.0",
    name: network,
    plugins: [{ type: "ptp" }, { type: "pod-qos", ...entry }],
  });
  const path = `/etc/cni/net.d/${name}`;
  await node.exec("sh", ["-c", `cat >${path}.new && mv ${path}.new ${path}`], { input: text });
};
