import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { uplinkState, type UplinkState } from "../../../plugin/datapath/uplink/state.ts";
import { decideUplink, type Uplink } from "../../../plugin/policy/uplink/uplink.ts";

/** The runbook's conf: what its script called LINK_CEIL, BULK_RATE and BULK_CEIL. */
export const runbook = {
  device: "eth0",
  rate: "950M",
  default: "default",
  classes: {
    default: { rate: "450M" },
    "bulk-seed": {
      rate: "500M",
      ceil: "950M",
      priority: 1,
      set: "bulkseed-pods",
      mark: "0x1",
      dscp: "CS1",
      podSelector: { matchLabels: { "traffic-tier": "bulk-seed" } },
    },
  },
} as const;

export function uplinkOf(conf: object, speed?: number): Uplink {
  const decoded = parseUplink("uplink", conf);
  return decideUplink(decoded, { device: decoded.device === "auto" ? "ens3" : decoded.device, speed });
}

export function stateOf(conf: object): UplinkState {
  return uplinkState(uplinkOf(conf), { mtu: 1500, fqCodel: true, ipv6: true });
}
