import { ifbName } from "../../../plugin/datapath/names.ts";
import { capsOf } from "../traffic/caps.ts";
import type { LabNode } from "../node/node.ts";
import type { Sandbox } from "./sandbox.ts";

/** A veth's end on the node, by the word of the primary plugin. */
export const hostDeviceOf = ({ result }: Sandbox): string => {
  const host = result.interfaces?.find(({ name, sandbox }) => name.startsWith("veth") && !sandbox);
  if (host === undefined) throw new Error(`the chain named no veth on the node: ${JSON.stringify(result)}`);
  return host.name;
};

/** The caps of a sandbox's eth0, as the kernel has them. */
export const capsOfSandbox = (node: LabNode, sandbox: Sandbox): ReturnType<typeof capsOf> =>
  capsOf({
    node,
    nodeDevice: hostDeviceOf(sandbox),
    pod: sandbox.pod,
    ifname: "eth0",
    ifb: ifbName({ network: "podnet", containerId: sandbox.containerId, ifname: "eth0" }),
  });
