import type { Conflist } from "../plugin/conflist.ts";

export type PodNetwork = {
  /** Default 198.51.100.0/24. */
  readonly subnet?: string;
  readonly primary?: "bridge" | "ptp";
  /** More for pod-qos' entry. */
  readonly conf?: Readonly<Record<string, unknown>>;
};

/** A node's conflist as an operator writes it: a primary plugin, then pod-qos with what containerd has to say. */
export const podNetwork = ({
  subnet = "198.51.100.0/24",
  primary = "bridge",
  conf = {},
}: PodNetwork = {}): Conflist => ({
  cniVersion: "1.0.0",
  name: "podnet",
  plugins: [
    {
      type: primary,
      ...(primary === "bridge" ? { bridge: "cni0", isGateway: true } : {}),
      ipam: { type: "host-local", ranges: [[{ subnet }]], routes: [{ dst: "0.0.0.0/0" }] },
    },
    {
      type: "pod-qos",
      capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
      ...conf,
    },
  ],
});
