/** All that pod-qos could leave on the VM's node, as stable text: no counters, and none of the links that come and go with pods. */
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";

export const confDirOf = ({ exec }: VmCluster): Promise<string> =>
  exec([
    "sh",
    "-ec",
    `cd /etc/cni/net.d; find . | sort | xargs stat -c '%n %F %a %u:%g'; find . -type f | sort | xargs sha256sum`,
  ]);

export const holdingsOf = ({ exec }: VmCluster): Promise<string> => exec(["sh", "-c", SCRIPT], 600_000);

/** Tables of iptables with nothing in them stay where a tool has looked into them. */
const SCRIPT = `
in_all() { for n in $(ls /run/netns); do echo "in $n:"; ip netns exec $n sh -c "$1"; done; }
{
ip -o link | sed 's/^[0-9]*: //; s/@.*//; s/:.*//' | grep -v veth | sort
tc qdisc show | grep -v veth
for link in $(ls /sys/class/net); do tc qdisc show dev $link; tc filter show dev $link ingress; tc filter show dev $link egress; done | grep -v 'noqueue' | grep -v 'dev eth0 root'
iptables-save | grep '^-'
ip6tables-save | grep '^-'
ipset list -name
in_all 'tc qdisc show; tc class show dev eth0; iptables-save | grep ^-; ipset list -name'
find /run /var/lib -path '*pod-qos*' ! -path '*/kubelet/*' ! -path '*/containerd/*'
ls -A /opt/cni/bin | grep -e pod-qos -e '^[.]'
} 2>&1
true`;
