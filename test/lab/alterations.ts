import type { Program } from "../../plugin/program/program.ts";
import type { TcFilter, TcObject } from "../../plugin/program/tc.ts";

/** One thing that somebody may do to one object of a plan. */
export interface Alteration {
  readonly title: string;
  readonly place: "node" | "pod";
  /** Shell lines in that place's namespace. */
  readonly script: string;
  /** Words of CHECK's message that name the object. */
  readonly names: readonly string[];
  /** Shell lines that clear the way for ADD, where what was done is not for ADD to undo. */
  readonly clear?: string;
}

/**
 * For each object of the plan its removal; the other ways to alter it only the first time that an object of its kind at
 * its place comes by, for which `known` keeps the memory.
 */
export const alterations = (programs: readonly Program[], known: Set<string>): readonly Alteration[] =>
  programs.flatMap((program) => {
    const { place } = program;
    return ofProgram(program).flatMap(([kind, found]) => {
      const isNew = !known.has(`${place} ${kind}`);
      known.add(`${place} ${kind}`);
      const where = place === "pod" ? "in the pod" : "on the node";
      return (isNew ? found : found.slice(0, 1)).map((one) => ({
        ...one,
        title: `${one.title}, ${where}`,
        place,
      }));
    });
  });

/** Each object with a word for its kind; the first way is to remove it. */
const ofProgram = (program: Program): readonly (readonly [string, readonly Found[]])[] => {
  switch (program.tool) {
    case "link":
      return program.objects.map(({ kind, name, mtu }) => [kind, ofIfb(name, mtu)]);
    case "tc":
      return program.objects.map((object) => [kindOf(object), ofTc(object)]);
    case "iptables":
    case "ip6tables":
      return program.objects.map(({ name, ifname, rules }) => [
        program.tool,
        ofChain(program.tool, name, ifname, rules[0] ?? ""),
      ]);
  }
};

const kindOf = (object: TcObject): string =>
  object.kind === "leaf"
    ? object.queue.kind
    : "hook" in object
      ? `${object.kind} ${object.hook}`
      : object.kind;

type Found = Omit<Alteration, "place">;

const ofIfb = (name: string, mtu: number): readonly Found[] => [
  { title: "ifb deleted", script: `ip link del ${name}`, names: [`ifb ${name}`, "missing"] },
  { title: "ifb down", script: `ip link set ${name} down`, names: [`ifb ${name}`, "down"] },
  {
    title: "ifb of somebody else",
    script: `ip link set ${name} alias else`,
    names: [`ifb ${name}`, '"else"'],
    clear: `ip link del ${name}`,
  },
  {
    title: "ifb with another MTU",
    script: `ip link set ${name} mtu ${mtu - 100}`,
    names: [`ifb ${name}`, "mtu"],
  },
];

const ofTc = (object: TcObject): readonly Found[] => {
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
      ];
    }
    case "htb-class": {
      const names = [`class ${object.classid} on ${dev}`];
      const change = (rate: number, ceil: number, rest: string): string =>
        `tc class change dev ${dev} parent ${object.parent} classid ${object.classid} htb rate ${rate}bps ceil ${ceil}bps ${rest}`;
      const { rate, ceil, burst, cburst, quantum } = object;
      const same = `burst ${burst} cburst ${cburst} quantum ${quantum}`;
      return [
        {
          title: "class deleted",
          script: `tc qdisc del dev ${dev} parent ${object.classid}; tc class del dev ${dev} classid ${object.classid}`,
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
          title: "class cburst",
          script: change(rate, ceil, `burst ${burst} cburst ${cburst * 2} quantum ${quantum}`),
          names: [...names, "cburst"],
        },
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
          title: "leaf with another limit",
          script: `tc qdisc change ${at} handle ${object.handle} ${object.queue.kind} limit 5000`,
          names: [...names, "limit"],
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

const ofFilter = (filter: TcFilter): readonly Found[] => {
  const { dev, hook, pref, matcher } = filter;
  const names = [`${filter.kind} filter pref ${pref} at ${hook} of ${dev}`];
  const del = `tc filter del dev ${dev} ${hook} pref ${pref}`;
  const add = (protocol: string, match: string, action: string): string =>
    `${del}; tc filter add dev ${dev} ${hook} protocol ${protocol} pref ${pref} ${match} action ${action}`;
  const all = matcher === "u32" ? "u32 match u32 0 0" : "matchall";
  const police = (rate: number, burst: number, mtu: number, verdict: string): string =>
    `police rate ${rate}bps burst ${burst} mtu ${mtu} conform-exceed ${verdict}`;
  const action =
    filter.kind === "police"
      ? police(filter.rate, filter.burst, 1_048_576, "drop/continue")
      : `mirred egress redirect dev ${filter.to}`;
  const common = [
    { title: "filter deleted", script: del, names },
    { title: "filter for one address", script: add("ip", "u32 match ip dst 192.0.2.1", action), names },
    { title: "filter for one protocol", script: add("ip", all, action), names },
    {
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

const ofChain = (family: string, name: string, ifname: string, rule: string): readonly Found[] => {
  const names = [`${family} mangle chain ${name}`];
  const mangle = `${family} -w -t mangle`;
  const jump = `POSTROUTING -o ${ifname} -m comment --comment pod-qos -j ${name}`;
  return [
    {
      title: `${family} chain deleted`,
      script: `${mangle} -D ${jump}; ${mangle} -F ${name}; ${mangle} -X ${name}`,
      names,
    },
    { title: `${family} chain flushed`, script: `${mangle} -F ${name}`, names },
    { title: `${family} jump deleted`, script: `${mangle} -D ${jump}`, names: [...names, "jump"] },
    { title: `${family} jump twice`, script: `${mangle} -A ${jump}`, names },
    {
      title: `${family} rule altered`,
      script: `${mangle} -R ${name} 1 -j DSCP --set-dscp 0x01`,
      names: [...names, rule],
    },
    {
      title: `${family} rule before ours`,
      script: `${mangle} -I ${name} 1 -j RETURN`,
      names: [...names, "RETURN"],
    },
  ];
};
