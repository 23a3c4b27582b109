import type { Facts, Features, HostEnd, Task } from "../../../plugin/datapath/driver.ts";
import type { Policy } from "../../../plugin/policy/policy.ts";
import { capOf } from "./cap.ts";

/** Debian's kernel, and one that has neither act_police nor fq_codel nor cls_matchall. */
export const stock: Features = { police: true, fqCodel: true, matcher: "matchall" };
export const small: Features = { police: false, fqCodel: false, matcher: "u32" };

const vethEnd: HostEnd = { name: "veth3543b51d", ifindex: 7, mtu: 1500 };
export const noEnd = "the pod's interface is a macvlan, which has no end on the node";

export type Wishes = Partial<Policy> & {
  readonly features?: Features;
  readonly hostEnd?: HostEnd | undefined;
  readonly ipv6?: boolean;
  readonly mtu?: number;
};

export const egressCap = capOf(10e6);
export const ingressCap = capOf(20e6);

/** An attachment on a veth of a stock kernel without any wish, changed by what a test says. */
export function taskOf({ features = stock, ipv6 = true, mtu = 1500, ...rest }: Wishes): Task {
  const hostEnd = "hostEnd" in rest ? rest.hostEnd : vethEnd;
  const { hostEnd: _, ...wishes } = rest;
  const facts: Facts = {
    podLink: { kind: hostEnd === undefined ? "macvlan" : "veth", mode: "", mtu },
    hostEnd,
    hostEndRefusal: hostEnd === undefined ? noEnd : "",
    ipv6,
    features,
  };
  const none = { ingress: undefined, egress: undefined, rules: [], warnings: [] };
  return {
    identity: { network: "podnet", containerId: "c1", ifname: "eth0" },
    policy: { ...none, discipline: "shape", enforce: "auto", ...wishes },
    facts,
  };
}
