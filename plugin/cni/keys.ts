/** The keys that an entry of a conflist, and what a runtime puts into it, may have: what is not in here is a typo. Pure. */

export const ownKeys = [
  "ingressRate",
  "ingressBurst",
  "egressRate",
  "egressBurst",
  "defaults",
  "enforce",
  "discipline",
  "egress",
  "policyDir",
  "uplink",
  "agent",
  "stateDir",
  "logFile",
  "logLevel",
];

const subnets =
  'for a limit by address give "egress" a rule with "bandwidth", and in its "classifier" a "to" whose ipBlock has "cidr" and "except"';

/** Of the bandwidth plugin 1.5, which later ones ignore: what to write here. */
export const formerKeys = { unshapedSubnets: subnets, shapedSubnets: subnets };

export const defaultsKeys = ["ingressBandwidth", "egressBandwidth", "dscp", "class"];

/** Keys that CNI, libcni or a runtime put into a plugin's conf. */
export const cniKeys = [
  "cniVersion",
  "cniVersions",
  "name",
  "type",
  "args",
  "capabilities",
  // Multus writes these into every plugin of a list when the pod has a device.
  "deviceID",
  "pciBusID",
  "dns",
  "ipMasq",
  "ipam",
  "prevResult",
  "runtimeConfig",
  "disableCheck",
  "disableGC",
  "loadOnlyInlinedPlugins",
  "cni.dev/attachments",
  "cni.dev/valid-attachments",
];

export const bandwidthCapability = "bandwidth";
export const annotationsCapability = "io.kubernetes.cri.pod-annotations";

/** What a runtime may pass on, in `runtimeConfig`, to a conf that declares it in `capabilities`. */
export const capabilityKeys = [
  bandwidthCapability,
  annotationsCapability,
  // Those that CNI's conventions and runtimes have; of no use here, and no harm.
  "portMappings",
  "ipRanges",
  "dns",
  "ips",
  "mac",
  "infinibandGUID",
  "deviceID",
  "aliases",
  "cgroupPath",
];
