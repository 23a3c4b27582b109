/** The facts that a plan needs: from the kernel now, or from the record. */
import type { Request } from "../cni/request.ts";
import type { Facts, Features } from "../datapath/driver.ts";
import { inspect } from "../kernel/inspect.ts";

export function readFacts({ call, interfaces }: Request, features: Promise<Features>): Promise<Facts> {
  return inspect({ netns: call.netns, ifname: call.ifname, interfaces }, features);
}

/**
 * What is there now, but for what came after ADD. A plugin behind us may set the MTU (tuning does): bursts and queues planned
 * for another one still limit as they should. And IPv6 may have come with a module since.
 */
export function asAdded(found: Facts, { podLink, hostEnd, ipv6 }: Facts): Facts {
  const isSameEnd = hostEnd !== undefined && hostEnd.ifindex === found.hostEnd?.ifindex;
  return {
    ...found,
    ipv6,
    podLink: { ...found.podLink, mtu: podLink.mtu },
    hostEnd: isSameEnd ? { ...found.hostEnd, mtu: hostEnd.mtu } : found.hostEnd,
  };
}
