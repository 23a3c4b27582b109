/** What a stock kernel must be able to do, each as commands for a fresh network namespace (pure). */

export type KernelFeature = { readonly name: string; readonly commands: readonly string[] };

const qdisc = (name: string, options = ""): KernelFeature => ({
  name: `qdisc ${name}`,
  commands: [`tc qdisc add dev lo root ${name} ${options}`, `tc qdisc show dev lo | grep -w ${name}`],
});

const link = (name: string, options: string): KernelFeature => ({
  name: `link ${name}`,
  commands: [
    "ip link add base type veth peer name far",
    `ip link add it ${options}`,
    `ip -d link show it | grep -w ${name}`,
  ],
});

const filter = (name: string, match: string): KernelFeature => ({
  name,
  commands: [
    "tc qdisc add dev lo clsact",
    `tc filter add dev lo egress ${match}`,
    "tc filter show dev lo egress",
  ],
});

const iptables = (name: string, rule: string): KernelFeature => ({
  name: `iptables ${name}`,
  commands: [
    "ipset create some hash:net family inet",
    `iptables -t mangle -A POSTROUTING ${rule}`,
    `iptables -t mangle -S POSTROUTING | grep -w ${name}`,
  ],
});

export const KERNEL_FEATURES: readonly KernelFeature[] = [
  qdisc("htb"),
  qdisc("fq_codel"),
  qdisc("fq"),
  qdisc("cake"),
  qdisc("sfq"),
  qdisc("prio"),
  qdisc("hfsc"),
  qdisc("netem", "delay 1ms"),
  qdisc("tbf", "rate 1mbit burst 10kb latency 50ms"),
  qdisc("bfifo", "limit 10000"),
  filter("act_police", "matchall action police rate 10mbit burst 250k mtu 65535 conform-exceed drop/ok"),
  filter("cls_matchall", "matchall action ok"),
  filter("cls_flower", "protocol ip flower dst_ip 192.0.2.0/24 action ok"),
  filter("cls_fw", "handle 1 fw action ok"),
  filter("cls_u32", "protocol ip u32 match ip dst 192.0.2.0/24 action ok"),
  filter("act_mirred", "matchall action mirred egress redirect dev lo"),
  filter("act_skbedit", "matchall action skbedit priority 1:10"),
  filter("act_pedit", "protocol ip matchall action pedit ex munge ip tos set 0xb8 retain 0xfc"),
  link("veth", "type veth peer name other"),
  link("bridge", "type bridge"),
  link("dummy", "type dummy"),
  link("ifb", "type ifb"),
  link("ipvlan", "link base type ipvlan mode l2"),
  link("macvlan", "link base type macvlan mode bridge"),
  link("vlan", "link base type vlan id 5"),
  link("vxlan", "type vxlan id 5 dstport 4789 local 192.0.2.1"),
  link("geneve", "type geneve id 5 remote 192.0.2.1"),
  link("vrf", "type vrf table 5"),
  iptables("DSCP", "-j DSCP --set-dscp 46"),
  iptables("CLASSIFY", "-j CLASSIFY --set-class 1:10"),
  iptables("MARK", "-j MARK --set-mark 1"),
  iptables("multiport", "-p tcp -m multiport --dports 80,443 -j ACCEPT"),
  iptables("set", "-m set --match-set some dst -j ACCEPT"),
  iptables("comment", "-m comment --comment text -j ACCEPT"),
  {
    name: "ipset hash:net nomatch",
    commands: [
      "ipset create except hash:net",
      "ipset add except 192.0.2.0/24",
      "ipset add except 192.0.2.128/25 nomatch",
      "ipset test except 192.0.2.1",
      "if ipset test except 192.0.2.129; then exit 1; fi",
    ],
  },
  { name: "openvswitch", commands: ["modprobe openvswitch"] },
];

/** Script that tries each feature in a namespace of its own and prints `ok NAME` or `failed NAME`, what it said before it. */
export function featuresScript(features: readonly KernelFeature[]): string {
  const tries = features.map(
    ({ name, commands }, index) =>
      `ip netns add f${index}
ip netns exec f${index} sh -ex > /tmp/said 2>&1 <<'END' && echo 'ok ${name}' || { cat /tmp/said; echo 'failed ${name}'; }
${commands.join("\n")}
END
ip netns del f${index}`,
  );
  return `${tries.join("\n")}\n`;
}
