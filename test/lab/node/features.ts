/** Kernel features by the commands that need them; each row runs with a veth `v0` that is up. */
export const FEATURES = {
  htb: ["tc qdisc add dev v0 root htb"],
  tbf: ["tc qdisc add dev v0 root tbf rate 1mbit burst 10k latency 25ms"],
  fq_codel: ["tc qdisc add dev v0 root fq_codel"],
  bfifo: ["tc qdisc add dev v0 root bfifo limit 10k"],
  netem: ["tc qdisc add dev v0 root netem delay 1ms"],
  clsact: ["tc qdisc add dev v0 clsact"],
  ifb: ["ip link add i0 type ifb"],
  act_police: [
    "tc qdisc add dev v0 clsact",
    "tc filter add dev v0 ingress protocol all u32 match u32 0 0 action police rate 1mbit burst 100k drop",
  ],
  act_mirred: [
    "ip link add i0 type ifb",
    "tc qdisc add dev v0 ingress",
    "tc filter add dev v0 ingress protocol all u32 match u32 0 0 action mirred egress redirect dev i0",
  ],
  act_skbedit: [
    "tc qdisc add dev v0 clsact",
    "tc filter add dev v0 egress protocol all u32 match u32 0 0 action skbedit priority 1:1",
  ],
  u32: [
    "tc qdisc add dev v0 clsact",
    "tc filter add dev v0 egress protocol all u32 match u32 0 0 classid 1:1",
  ],
  matchall: ["tc qdisc add dev v0 clsact", "tc filter add dev v0 egress matchall classid 1:1"],
  flower: [
    "tc qdisc add dev v0 clsact",
    "tc filter add dev v0 egress protocol ip flower ip_proto tcp classid 1:1",
  ],
  fw: [
    "tc qdisc add dev v0 root handle 1: htb",
    "tc filter add dev v0 parent 1: protocol all handle 1 fw classid 1:1",
  ],
  ipvlan: ["ip link add l0 link v0 type ipvlan mode l2"],
  macvlan: ["ip link add l0 link v0 type macvlan mode bridge"],
  bridge: ["ip link add b0 type bridge"],
  vlan: ["ip link add l0 link v0 type vlan id 5"],
  vxlan: ["ip link add l0 type vxlan id 5 dstport 4789 dev v0"],
  dummy: ["ip link add d0 type dummy"],
  tap: ["ip tuntap add t0 mode tap"],
  ipset: ["ipset create probe hash:net", "ipset create probe6 hash:net family inet6"],
  dscp: ["iptables -w -t mangle -A OUTPUT -j DSCP --set-dscp 1"],
  classify: ["iptables -w -t mangle -A OUTPUT -j CLASSIFY --set-class 1:1"],
} as const;

export type Feature = keyof typeof FEATURES;
