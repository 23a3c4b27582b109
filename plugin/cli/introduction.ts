/** The first page of the help, above the commands. Pure. */
import { supportedVersions } from "../cni/versions.ts";

export function introduction(): string {
  return `a chained CNI plugin that limits the bandwidth
of pods and marks their traffic

The container runtime starts it for every pod, behind the plugin that makes the
pod's interface. Put this entry at the end of "plugins" in the conflist under
/etc/cni/net.d:

  { "type": "pod-qos",
    "capabilities": { "bandwidth": true,
                      "io.kubernetes.cri.pod-annotations": true } }

and annotate pods:

  kubernetes.io/egress-bandwidth: 50M    what the pod sends, bit/s
  kubernetes.io/ingress-bandwidth: 50M   what the pod receives
  pod-qos/egress-bandwidth: 50M          the same; wins over those above (also
                                         ingress)
  pod-qos/egress-burst: 4M               bits above the rate at once (also ingress)
  pod-qos/discipline: police             drop what is above the cap, queue nothing
  pod-qos/dscp: AF21                     mark what the pod sends
  pod-qos/egress: '[{"dscp": 46, ...}]'  rules: marks and limits by destination
  pod-qos/class: bulk-seed               its class of the node's uplink (conf:
                                         uplink)
  net1.pod-qos/dscp: EF                  any of these for one interface of the pod

CNI versions: ${supportedVersions.join(", ")}

For people:`;
}
