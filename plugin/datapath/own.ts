/** All that can be an attachment's, whatever it requests: what its places and names say, where no record does. Pure. */
import type { Program } from "../program/program.ts";
import type { TcObject } from "../program/tc/objects.ts";
import { chainName, classChainName, policePref, redirectPref, rootHandle, type Identity } from "./names.ts";
import { ifbOf } from "./shaper.ts";

/** One of each kind and place. Their values say nothing. `hostEnd`: the node's end of the pod's link. */
export function possiblePrograms(identity: Identity, hostEnd: string | undefined): readonly Program[] {
  const ifb = ifbOf(identity, 0);
  const { ifname } = identity;
  return [
    { tool: "link", place: "node", objects: [ifb] },
    { tool: "link", place: "pod", objects: [ifb] },
    ...(hostEnd === undefined
      ? []
      : [{ tool: "tc", place: "node", objects: limitsOn(hostEnd, ifb.name) } as const]),
    { tool: "tc", place: "pod", objects: limitsOn(ifname, ifb.name) },
    { tool: "ipset", place: "pod", objects: [] },
    { tool: "iptables", place: "pod", objects: [] },
    { tool: "ip6tables", place: "pod", objects: [] },
  ];
}

function limitsOn(dev: string, ifb: string): readonly TcObject[] {
  const policer = { kind: "police", dev, pref: policePref, matcher: "matchall", rate: 0, burst: 0 } as const;
  return [
    { kind: "clsact", dev },
    { kind: "htb", dev, handle: rootHandle, defaultClass: "1", directPackets: 0 },
    { ...policer, hook: "ingress" },
    { ...policer, hook: "egress" },
    { kind: "redirect", dev, hook: "ingress", pref: redirectPref, matcher: "matchall", to: ifb },
  ];
}

/** Whether a chain or a set in the pod's namespace is that of its interface. */
export function isNameOf(ifname: string): (name: string) => boolean {
  const chain = chainName(ifname);
  const starts = [`${chain}:`, `pod-qos-${ifname}:`];
  return (name) =>
    name === chain || name === classChainName(ifname) || starts.some((start) => name.startsWith(start));
}
