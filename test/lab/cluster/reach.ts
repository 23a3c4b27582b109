import type { LabNode } from "../node/node.ts";
import type { Running } from "../node/process.ts";
import { eventually } from "./eventually.ts";

export type Reach = {
  /** The node loses the API server: connections are cut, and new ones refused. All others keep it. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
};

/**
 * Makes the API server answer on a lab node's own 127.0.0.1, at the port that it has on the machine's, so that kubeconfigs are
 * good on both. A process of the node takes connections, and for each starts one of the machine's that makes the other half.
 */
export const reachFrom = async (
  node: LabNode,
  { ports }: { readonly ports: { readonly api: number } },
): Promise<Reach> => {
  const listen = `TCP-LISTEN:${ports.api},bind=127.0.0.1,reuseaddr,fork`;
  const back = `nsenter --net=/proc/${process.pid}/ns/net socat STDIO TCP:127.0.0.1:${ports.api}`;
  // A session of its own, and so a group: its end takes with it what serves the connections.
  const start = (): Running =>
    node.start("setsid", ["socat", listen, `EXEC:'${back}'`], { timeoutMs: 24 * 3600 * 1000 });
  const answers = async (): Promise<true | undefined> => {
    const tried = await node.exec("socat", ["-u", "/dev/null", `TCP:127.0.0.1:${ports.api}`], {
      reject: false,
    });
    return tried.exitCode === 0 ? true : undefined;
  };
  const up = async (): Promise<Running> => {
    const running = start();
    await eventually("the API server answers on the node", answers);
    return running;
  };
  let relay = await up();
  return {
    cut: async () => {
      process.kill(-relay.pid, "SIGKILL");
      await relay.done;
    },
    restore: async () => {
      relay = await up();
    },
  };
};
