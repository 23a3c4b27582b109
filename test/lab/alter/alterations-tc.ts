import {
  describeTc,
  type Leaf,
  type LeafQdisc,
  type TcFilter,
  type TcObject,
} from "../../../plugin/program/tc/objects.ts";
import type { Found } from "./alteration.ts";

/** A class goes after its children, and after the queue behind it if it has one. */
const deletion = (dev: string, classid: string): string => `
for child in $(tc class show dev ${dev} | sed -n 's/^class htb \\([^ ]*\\) parent ${classid} .*/\\1/p'); do
  tc class del dev ${dev} classid $child
done
tc qdisc del dev ${dev} parent ${classid} 2>/dev/null || :
tc class del dev ${dev} classid ${classid}
`;

/** The first way is to remove it. */
export const ofTc = (object: TcObject): readonly Found[] => {
  const { dev } = object;
  switch (object.kind) {
    case "htb": {
      const names = [`htb ${object.handle} on ${dev}`];
      const foreign = `tc qdisc del dev ${dev} root`;
      return [
        { title: "root qdisc deleted", script: `tc qdisc del dev ${dev} root`, names },
        {
          title: "root qdisc of another kind",
          script: `tc qdisc replace dev ${dev} root handle 77: pfifo`,
          names: [...names, "pfifo 77:"],
          clear: foreign,
        },
        {
          title: "root qdisc of the same kind and another handle",
          script: `tc qdisc del dev ${dev} root; tc qdisc add dev ${dev} root handle 77: htb default 1`,
          names: [...names, "htb 77:"],
          clear: foreign,
        },
        {
          title: "root qdisc with another default class",
          script: `tc qdisc del dev ${dev} root; tc qdisc add dev ${dev} root handle ${object.handle} htb default 2`,
          names,
        },
        {
          title: "another class beside ours",
          script: `tc class add dev ${dev} parent ${object.handle} classid ${object.handle}77 htb rate 1gbit`,
          names: [`class ${object.handle}77 on ${dev}`],
        },
        {
          title: "a filter at our root",
          script: `tc filter add dev ${dev} parent ${object.handle} pref 5 protocol all u32 match u32 0 0 flowid ${object.handle}77`,
          names: [...names, "filter"],
          clear: `tc filter del dev ${dev} parent ${object.handle} pref 5`,
        },
        {
          title: "a redirect past our root",
          script: `tc qdisc add dev ${dev} clsact 2>/dev/null || :
tc filter add dev ${dev} egress protocol all pref 65000 u32 match u32 0 0 action mirred egress redirect dev lo`,
          names: [...names, "no packet gets to it"],
          clear: `tc filter del dev ${dev} egress pref 65000
[ -n "$(tc filter show dev ${dev} ingress; tc filter show dev ${dev} egress)" ] || tc qdisc del dev ${dev} clsact`,
        },
      ];
    }
    case "htb-class": {
      const names = [`class ${object.classid} on ${dev}`];
      const change = (rate: number, ceil: number, rest: string): string =>
        `tc class change dev ${dev} parent ${object.parent} classid ${object.classid} htb rate ${rate}bps ceil ${ceil}bps ${rest}`;
      const { classid, rate, ceil, burst, cburst, quantum } = object;
      const same = `burst ${burst} cburst ${cburst} quantum ${quantum}`;
      return [
        {
          title: "class deleted",
          script: deletion(dev, object.classid),
          names,
        },
        { title: "class rate", script: change(rate * 0.9, ceil, same), names: [...names, "rate"] },
        { title: "class ceil", script: change(rate, ceil * 1.1, same), names: [...names, "ceil"] },
        {
          title: "class burst",
          script: change(rate, ceil, `burst ${burst * 2} cburst ${cburst} quantum ${quantum}`),
          names: [...names, "burst"],
        },
        {
          title: "class overhead",
          script: change(rate, ceil, `${same} overhead 60000`),
          names: [...names, "overhead 60000"],
        },
        {
          title: "class cburst",
          script: change(rate, ceil, `burst ${burst} cburst ${cburst * 2} quantum ${quantum}`),
          names: [...names, "cburst"],
        },
        filterWithin(object, classid),
      ];
    }
    case "leaf": {
      const names = [`${object.queue.kind} ${object.handle} on ${dev}`];
      const at = `dev ${dev} parent ${object.parent}`;
      return [
        { title: "leaf deleted", script: `tc qdisc del ${at}`, names },
        {
          title: "leaf of another kind",
          script: `tc qdisc replace ${at} handle 77: sfq || tc qdisc replace ${at} handle 77: tbf rate 1mbit burst 5k latency 9ms`,
          names,
        },
        {
          title: "leaf altered",
          script: `tc qdisc change ${at} handle ${object.handle} ${otherLeaf[object.queue.kind]}`,
          names,
        },
        ...(object.queue.kind === "fq_codel" ? ofCodel(object, names) : []),
      ];
    }
    case "dscp": {
      const { parent, pref, protocol, tagged, classid } = object;
      const title = `${protocol} filter${tagged ? " for VLANs" : ""}`;
      const del = `tc filter del dev ${dev} parent ${parent} pref ${pref}`;
      const names = [describeTc(object)];
      const field = protocol === "ip" ? "ip dsfield" : "ip6 priority";
      const other = `protocol ${protocol} pref ${pref} handle ::1 u32 match ${field} 0x28 0xfc classid ${classid}`;
      return [
        { title: `${title} by DSCP gone`, script: del, names },
        {
          title: `${title} by another DSCP`,
          script: `${del}; tc filter add dev ${dev} parent ${parent} ${other}`,
          names,
        },
      ];
    }
    case "mark": {
      const names = [`mark pref ${object.pref}`];
      const drop = `tc filter del dev ${dev} parent ${object.parent} pref ${object.pref}`;
      return [
        { title: "filter by mark deleted", script: drop, names },
        {
          title: "filter by mark with another program",
          script: `${drop}; tc filter add dev ${dev} parent ${object.parent} protocol all pref ${object.pref} bpf bytecode '1,6 0 0 0'`,
          names,
        },
      ];
    }
    case "clsact":
      return [
        {
          title: "clsact deleted",
          script: `tc qdisc del dev ${dev} clsact`,
          names: [`clsact qdisc on ${dev}`],
        },
      ];
    case "police":
    case "redirect":
      return ofFilter(object);
  }
};

/** No value that we give, so that a change of these alone would leave it. */
const ofCodel = ({ dev, parent, handle }: LeafQdisc, names: readonly string[]): readonly Found[] => [
  {
    title: "leaf with settings that are not ours",
    script: `tc qdisc change dev ${dev} parent ${parent} handle ${handle} fq_codel memory_limit 1000000 ce_threshold 1ms noecn drop_batch 1`,
    names: [...names, "memory_limit", "ce_threshold", "noecn", "drop_batch is 1"],
  },
  filterWithin({ dev }, handle),
];

/** At a class or a queue. */
const filterWithin = ({ dev }: Pick<TcObject, "dev">, place: string): Found => ({
  title: `a filter at ${place.endsWith(":") ? "the leaf" : "the class"}`,
  script: `tc filter add dev ${dev} parent ${place} pref 5 protocol all u32 match u32 0 0 flowid ${place}${place.endsWith(":") ? "1" : ""}`,
  names: [`on ${dev}`, "a class or queue of it has a filter", "pref 5"],
});

const otherLeaf: Readonly<Record<Leaf["kind"], string>> = {
  fq_codel: "fq_codel limit 500",
  bfifo: "bfifo limit 5000",
  pfifo: "pfifo limit 50",
  tbf: "tbf rate 1mbit burst 50k limit 90k",
};

const police = (rate: number, burst: number, mtu: number, verdict: string): string =>
  `police rate ${rate}bps burst ${burst} mtu ${mtu} conform-exceed ${verdict}`;

const ofFilter = (filter: TcFilter): readonly Found[] => {
  const { dev, hook, pref, matcher } = filter;
  const names = [`${filter.kind} filter pref ${pref} at ${hook} of ${dev}`];
  const del = `tc filter del dev ${dev} ${hook} pref ${pref}`;
  const add = (protocol: string, match: string, action: string): string =>
    `${del}; tc filter add dev ${dev} ${hook} protocol ${protocol} pref ${pref} ${match} action ${action}`;
  const all = matcher === "u32" ? "u32 match u32 0 0" : "matchall";
  const action =
    filter.kind === "police"
      ? police(filter.rate, filter.burst, 1_048_576, "drop/continue")
      : `mirred egress redirect dev ${filter.to}`;
  const common = [
    { title: "filter deleted", script: del, names },
    // Filters at our place that are none of our making: ADD names them, and leaves them alone.
    {
      clear: del,
      title: "filter for one address",
      script: add("ip", "u32 match ip dst 192.0.2.1", action),
      names,
    },
    { clear: del, title: "filter for one protocol", script: add("ip", all, action), names },
    {
      clear: del,
      title: "filter without its action",
      script: `${del}; tc filter add dev ${dev} ${hook} protocol all pref ${pref} ${all} classid 1:1`,
      names,
    },
  ];
  if (filter.kind === "redirect") {
    return [
      ...common,
      { title: "redirect elsewhere", script: add("all", all, "mirred egress redirect dev lo"), names },
      {
        clear: del,
        title: "mirror for redirect",
        script: add("all", all, `mirred egress mirror dev ${filter.to}`),
        names,
      },
    ];
  }
  const { rate, burst } = filter;
  return [
    ...common,
    {
      title: "police rate",
      script: add("all", all, police(rate * 2, burst, 1_048_576, "drop/continue")),
      names,
    },
    {
      title: "police burst",
      script: add("all", all, police(rate, burst * 2, 1_048_576, "drop/continue")),
      names,
    },
    {
      title: "police that drops long packets",
      script: add("all", all, police(rate, burst, 1000, "drop/continue")),
      names,
    },
    {
      title: "police that lets all pass",
      script: add("all", all, police(rate, burst, 1_048_576, "continue/continue")),
      names,
    },
  ];
};
