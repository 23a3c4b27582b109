/** How an attachment looks in the kernel: the facts that planning goes by. Changes nothing. */
import type { Facts, Features, HostEnd } from "../datapath/driver.ts";
import { interfaceNameFault } from "../cni/call.ts";
import type { Interface } from "../cni/prev-result.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { parseLinks, showLink, type ObservedLink } from "../program/link/ifb.ts";
import type { Outcome } from "./exec.ts";
import { kernelHasIpv6, readNodeLink } from "./linux.ts";
import { refusal } from "./refusal.ts";

export type PodLinkQuery = {
  readonly netns: string;
  readonly ifname: string;
  readonly interfaces: readonly Interface[];
};

/** `outcome`: what `lookAtPod` brought. */
export function factsIn(outcome: Outcome, attachment: PodLinkQuery, features: Features): Facts {
  const podLink = podLinkIn(outcome, attachment);
  const found = findHostEnd(podLink, attachment.interfaces);
  return {
    podLink: { kind: podLink.kind, mode: podLink.mode, mtu: podLink.mtu },
    hostEnd: typeof found === "string" ? undefined : found,
    hostEndRefusal: typeof found === "string" ? found : "",
    ipv6: kernelHasIpv6(),
    features,
  };
}

function podLinkIn(outcome: Outcome, { netns, ifname }: PodLinkQuery): ObservedLink {
  const batch = showLink(ifname);
  const { exitCode, stdout, stderr } = outcome;
  const link = exitCode === 0 ? parseLinks(stdout)[0] : undefined;
  if (link !== undefined) return link;
  if (!/does not exist/.test(stderr)) throw refusal("pod", batch, outcome);
  throw new CniError(
    ErrorCode.kernelRefused,
    `there is no interface ${ifname} in ${netns}: pod-qos must stand behind the plugin that makes it`,
    stderr.trim(),
  );
}

/**
 * The node's end of the pod's veth, or why it cannot be used. An ifindex means nothing outside its namespace, so a link
 * counts only if prevResult names it as one of the node's and both ends point at each other.
 */
function findHostEnd(podLink: ObservedLink, interfaces: readonly Interface[]): HostEnd | string {
  if (podLink.kind !== "veth") {
    return `the pod's interface is a ${podLink.kind || "link without a kind"}, which has no end on the node`;
  }
  const named = interfaces.filter(({ sandbox }) => sandbox === "");
  if (named.length === 0) return "prevResult names no interface of the node";
  const link = named
    .filter(({ name }) => interfaceNameFault(name) === undefined)
    .map(({ name }) => readNodeLink(name))
    .find(
      (candidate) => candidate?.ifindex === podLink.peerIndex && candidate?.peerIndex === podLink.ifindex,
    );
  if (link === undefined) {
    const names = named.map(({ name }) => name).join(", ");
    return `none of the node's interfaces in prevResult (${names}) is the other end of the pod's veth, or tc cannot name it`;
  }
  // Open vSwitch deletes tc objects that it did not put on its ports itself.
  if (link.master === "ovs-system") return `its other end ${link.name} is an Open vSwitch port`;
  return { name: link.name, ifindex: link.ifindex, mtu: link.mtu };
}
