import { linkPlugin } from "./plugin.ts";
import type { Plug } from "./plug.ts";

/**
 * An ADD that is killed so many milliseconds after its start: only the plugin, or the whole of its process group with the
 * tools that it has started.
 */
export const callKilled = async (pod: Plug, afterMs: number, whole: boolean): Promise<void> => {
  const { node, ifname } = pod;
  const running = node.start("setsid", [linkPlugin(node)], {
    input: JSON.stringify(pod.conf),
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: pod.pod.containerId,
      CNI_NETNS: pod.pod.netns,
      CNI_IFNAME: ifname,
      CNI_PATH: "/opt/cni/bin",
    },
  });
  const timer = setTimeout(() => killed(running.pid, whole), afterMs);
  await running.done;
  clearTimeout(timer);
};

/** setsid made the plugin the leader of a group of its own, but not before it was started itself. */
const killed = (pid: number, whole: boolean): void => {
  for (const target of whole ? [-pid, pid] : [pid]) {
    try {
      process.kill(target, "SIGKILL");
      return;
    } catch {
      // No such group yet: then the process alone. Not even that: it has ended.
    }
  }
};
