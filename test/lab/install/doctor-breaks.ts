/** Nodes that are broken on purpose, for `pod-qos doctor`: what is wrong, and by which id it is found. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { askOnceRead, conflist, ours, portmap, putConf } from "./doctor.ts";
import { addedUplinkPod, uplink200, uplinkPod, type UplinkSite } from "../uplink/uplink.ts";

export const primary = conflist(portmap);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
export const below = (rate: string, classRate: string, device = "eth0"): object => ({
  ...ours,
  uplink: {
    ...uplink200,
    device,
    rate,
    classes: { default: { rate: classRate }, bulk: { rate: classRate, ceil: rate } },
  },
});

type Break = (site: UplinkSite) => unknown;
const conf =
  (name: string, text: string): Break =>
  ({ node }) =>
    putConf(node, name, text);
/** The primary alone, and beside it the file that has us. */
const beside =
  (name: string, text: string): Break =>
  ({ node }) => {
    putConf(node, "10-flannel.conflist", primary);
    putConf(node, name, text);
  };
const script =
  (text: string): Break =>
  ({ sh }) =>
    sh(text);

/** `undo`: what the test itself takes away after the mend. */
export type Broken = {
  readonly id: string;
  readonly what: string;
  readonly how: Break;
  readonly undo?: Break;
};

/** A command that needs nothing but the node mends these. */
export const broken: readonly Broken[] = [
  {
    id: "runtime-loaded",
    what: "a conf was moved in from another directory, which containerd does not see",
    how: async ({ node, sh }) => {
      await askOnceRead(node);
      writeFileSync(node.path("/etc/cni/moved"), conflist(ours));
      await sh("mv /etc/cni/moved /etc/cni/net.d/05-moved.conflist");
    },
  },
  {
    id: "runtime-ready",
    what: "a broken conf was replaced by a whole one from another directory",
    how: async ({ node, sh }) => {
      putConf(node, "05-broken.conflist", "{");
      writeFileSync(node.path("/etc/cni/moved"), conflist(ours));
      await sh("sleep 0.5; mv /etc/cni/moved /etc/cni/net.d/05-broken.conflist");
    },
  },
  {
    id: "chain-drop-in",
    what: "a drop-in is beside a conflist, and the runtime is too old to read it",
    how: beside("podnet/50-pod-qos.conf", JSON.stringify(ours)),
  },
  {
    id: "chain-conf",
    what: "the first conf is half written",
    how: conf("05-broken.conflist", '{"name": "podnet", "plug'),
  },
  {
    id: "chain-cilium",
    what: "cilium has put our conf away",
    how: beside("09-pod-qos.conflist.cilium_bak", conflist(portmap, ours)),
  },
  {
    id: "chain-unread",
    what: "our conf is behind the primary's",
    how: beside("99-pod-qos.conflist", conflist(portmap, ours)),
  },
  {
    id: "chain-unread",
    what: "our conf has an ending that nobody reads",
    how: beside("09-pod-qos.yaml", conflist(portmap, ours)),
  },
  {
    id: "chain-drop-in",
    what: "a drop-in has another network's name",
    how: beside("cbr0/50-pod-qos.conf", JSON.stringify(ours)),
  },
  {
    id: "chain-drop-in",
    what: "a drop-in is beside the conf of a single plugin",
    how: ({ node }) => {
      putConf(node, "05-ptp.conf", JSON.stringify({ name: "podnet", cniVersion: "1.0.0", type: "flannel" }));
      putConf(node, "10-flannel.conflist", primary);
      putConf(node, "podnet/50-pod-qos.conf", JSON.stringify(ours));
      putConf(
        node,
        "10-flannel.conflist",
        JSON.stringify({ ...(JSON.parse(primary) as object), loadOnlyInlinedPlugins: true }),
      );
    },
  },
  { id: "chain-missing", what: "we are in no conf", how: conf("10-flannel.conflist", primary) },
  {
    id: "chain-twice",
    what: "we are in it twice",
    how: conf("10-flannel.conflist", conflist(ours, portmap, ours)),
  },
  {
    id: "chain-last",
    what: "we are not the last",
    how: conf("10-flannel.conflist", conflist(ours, portmap)),
  },
  {
    id: "chain-bandwidth",
    what: "bandwidth is beside us",
    how: conf(
      "10-flannel.conflist",
      conflist(portmap, { type: "bandwidth", capabilities: { bandwidth: true } }, ours),
    ),
  },
  {
    id: "chain-capabilities",
    what: "a capability is forgotten",
    how: conf("10-flannel.conflist", conflist(portmap, { ...ours, capabilities: { bandwidth: true } })),
  },
  {
    id: "chain-stale",
    what: "the primary has changed since",
    how: ({ node }) => {
      const copy = JSON.parse(conflist(ours)) as object;
      putConf(node, "10-flannel.conflist", primary);
      putConf(
        node,
        "09-pod-qos.conflist",
        JSON.stringify({ ...copy, "pod-qos": { from: "10-flannel.conflist", sha256: sha256(conflist()) } }),
      );
    },
  },
  {
    id: "chain-stale",
    what: "the primary is gone",
    how: ({ node }) => {
      const copy = JSON.parse(conflist(portmap, ours)) as object;
      putConf(
        node,
        "09-pod-qos.conflist",
        JSON.stringify({ ...copy, "pod-qos": { from: "05-gone.conflist", sha256: sha256(primary) } }),
      );
    },
  },
  { id: "chain-executable", what: "the executable is missing", how: script("rm /opt/cni/bin/pod-qos") },
  {
    id: "chain-executable",
    what: "the executable is half of one",
    how: script("rm /opt/cni/bin/pod-qos; echo half >/opt/cni/bin/pod-qos; chmod +x /opt/cni/bin/pod-qos"),
  },
  {
    id: "state-directory",
    what: "the state directory is read-only",
    how: script("mount -t tmpfs -o ro,mode=0700 lab /run/pod-qos"),
    undo: script("umount /run/pod-qos"),
  },
  {
    id: "state-owner",
    what: "others can write into the state directory",
    how: script("chmod 0777 /run/pod-qos"),
  },
  {
    id: "state-records",
    what: "a record is torn",
    how: ({ node }) => {
      mkdirSync(node.path("/run/pod-qos/attachments/podnet"), { recursive: true });
      writeFileSync(node.path("/run/pod-qos/attachments/podnet/torn@eth0.json"), '{"version": 1, "ide');
    },
  },
  {
    id: "state-manifests",
    what: "the policy directory is missing",
    how: conf("10-flannel.conflist", conflist(portmap, { ...ours, policyDir: "/etc/cni/policies" })),
  },
  {
    id: "uplink-classes",
    what: "the classes are promised more than the uplink has",
    how: conf("10-flannel.conflist", conflist(portmap, below("200M", "150M"))),
  },
  {
    id: "uplink-root",
    what: "somebody else shapes the uplink",
    how: script("tc qdisc replace dev eth0 root handle 8: tbf rate 100mbit burst 100k latency 50ms"),
  },
  {
    id: "uplink-drift",
    what: "a class of the uplink is gone",
    how: async (site) => {
      const pod = await addedUplinkPod(site, { name: `drift${Date.now() % 100_000}` });
      await site.sh("tc class del dev eth0 classid 1:20");
      await pod.call("DEL");
    },
  },
  {
    id: "pods-ended",
    what: "a pod has ended and no DEL came",
    how: async (site) => {
      const pod = await uplinkPod(site, { name: `ended${Date.now() % 100_000}` });
      const runtimeConfig = { "io.kubernetes.cri.pod-annotations": { "pod-qos/dscp": "AF21" } };
      await pod.call("ADD", { uplink: undefined, runtimeConfig });
      await site.sh(`ip netns del ${pod.pod.name}`);
    },
  },
];

/** What no command mends, or one that asks a package registry: it is only read. */
export const onlyTold: readonly (Broken & { readonly mend: string | undefined })[] = [
  {
    id: "node-iptables",
    what: "rules are in both variants",
    how: script("iptables-legacy -t mangle -A OUTPUT -d 192.0.2.1 -j RETURN"),
    mend: undefined,
    undo: script("iptables-legacy -t mangle -F && iptables-legacy -t mangle -X"),
  },
  {
    id: "node-tc",
    what: "tc is busybox's",
    how: script("mount --bind /usr/bin/busybox /usr/sbin/tc"),
    mend: "apt-get install -y iproute2",
    undo: script("umount /usr/sbin/tc"),
  },
  {
    id: "node-tools",
    what: "ipset is missing",
    how: script("mount --bind /dev/null /usr/sbin/ipset"),
    mend: "apt-get install -y ipset",
    undo: script("umount /usr/sbin/ipset"),
  },
  {
    id: "node-system",
    what: "the system is Talos",
    how: script("cp -P /etc/os-release /run/os; rm /etc/os-release; echo ID=talos >/etc/os-release"),
    mend: undefined,
    undo: script("mv /run/os /etc/os-release"),
  },
  {
    id: "node-system",
    what: "the system is Bottlerocket",
    how: script("cp -P /etc/os-release /run/os; rm /etc/os-release; echo ID=bottlerocket >/etc/os-release"),
    mend: undefined,
    undo: script("mv /run/os /etc/os-release"),
  },
  {
    id: "chain-plugins",
    what: "a plugin of the chain is missing",
    how: script("rm /opt/cni/bin/portmap"),
    mend: "apt-get install -y containernetworking-plugins && cp /usr/lib/cni/portmap /opt/cni/bin",
  },
  {
    id: "chain-entry",
    what: "a key is mistyped",
    how: conf("10-flannel.conflist", conflist(portmap, { ...ours, defualts: {} })),
    mend: undefined,
  },
  {
    id: "uplink-link",
    what: "the uplink's link is not there",
    how: conf("10-flannel.conflist", conflist(portmap, below("200M", "50M", "eth7"))),
    mend: undefined,
  },
];
