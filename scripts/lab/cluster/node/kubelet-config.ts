/** A kubelet that runs in the VM (pure). */
import { KUBELET_PORT } from "../../vm/qemu.ts";

/** It trusts whoever reaches it: that is the API server alone. */
export const kubeletConfig = (containerdSocket: string): object => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  port: KUBELET_PORT,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
  cgroupDriver: "cgroupfs",
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  localStorageCapacityIsolation: false,
  makeIPTablesUtilChains: false,
  resolvConf: "",
  imageGCHighThresholdPercent: 100,
  evictionHard: { "memory.available": "1Mi" },
});
