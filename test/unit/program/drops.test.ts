import { describe, expect, it } from "vitest";
import { dropsOf, listDrops, parseDrops } from "../../../plugin/program/tc/drops.ts";
import type { LeafQdisc, Policer, TcObject } from "../../../plugin/program/tc/objects.ts";
import { parseCounters } from "../../../plugin/program/tc/class-counters.ts";

const leaf = (dev: string, handle: string): LeafQdisc => ({
  kind: "leaf",
  dev,
  parent: "905:1",
  handle,
  queue: { kind: "pfifo", limitPackets: 1 },
});
const policer = (dev: string, hook: Policer["hook"]): Policer => ({
  kind: "police",
  dev,
  hook,
  pref: 9,
  matcher: "matchall",
  rate: 1,
  burst: 1,
});

const counted = (dropped: number): string =>
  ` Sent 9000 bytes 6 pkt (dropped ${dropped}, overlimits 3 requeues 0) \n backlog 0b 0p requeues 0\n`;

const queues = `qdisc noqueue 0: dev lo root refcnt 2 
${counted(1)}qdisc htb 905: dev veth1 root refcnt 2 r2q 10 default 0x1 direct_packets_stat 0 direct_qlen 1000
${counted(4)}qdisc fq_codel 906: dev veth1 parent 905:1 limit 1024p flows 1024 quantum 1514 target 5ms interval 100ms
${counted(7)}  maxpacket 1514 drop_overlimit 0 new_flow_count 2 ecn_mark 0
qdisc tbf 910: dev veth1 parent 905:10 rate 100Gbit burst 1770b lat 2us 
${counted(3189)}qdisc clsact ffff: dev veth1 parent ffff:fff1 
${counted(20)}qdisc noqueue 0: dev veth2 root refcnt 2 
${counted(0)}`;

/** Where the filters of a device begin. */
const begin = `qdisc noqueue 0: root refcnt 2 \n${counted(0)}`;
const filters = (pref: number, dropped: number): string => `filter protocol all pref ${pref} matchall chain 0 
filter protocol all pref ${pref} matchall chain 0 handle 0x1 
  not_in_hw (rule hit 60)
\taction order 1:  police 0x1 rate 20Mbit burst 500000b mtu 1Mb action drop/continue overhead 0b 
\tref 1 bind 1  installed 2 sec used 0 sec firstused 2 sec
\tAction statistics:
\tSent 9000 bytes 60 pkt (dropped ${dropped}, overlimits ${dropped} requeues 0) 
\tbacklog 0b 0p requeues 0

`;

describe("dropped packets", () => {
  const ours = [leaf("veth1", "906:"), leaf("veth1", "910:")];

  it("are those of the queues, and not of the classes and hooks before them", () => {
    expect(dropsOf(ours, parseDrops(ours, queues))).toBe(7 + 3189);
  });

  it("are those of our policer at its hook, and not of another's filter there", () => {
    const objects = [policer("veth1", "ingress"), policer("veth2", "ingress"), policer("veth2", "egress")];
    const answers = [begin, filters(5, 900), filters(9, 11), begin, filters(9, 12), begin, filters(9, 13)];
    const drops = parseDrops(objects, queues + answers.join(""));
    expect(objects.map((one) => dropsOf([one], drops))).toEqual([11, 12, 13]);
  });

  it("are of the right policer also where a device before it is gone", () => {
    const objects = [policer("gone", "ingress"), policer("veth2", "ingress")];
    const drops = parseDrops(objects, queues + begin + filters(9, 12));
    expect(objects.map((one) => dropsOf([one], drops))).toEqual([0, 12]);
  });

  it("are none where there is no such device, and none of what only leads packets", () => {
    const objects: readonly TcObject[] = [
      ...ours,
      { kind: "clsact", dev: "veth1" },
      policer("veth1", "egress"),
    ];
    expect(dropsOf(objects, parseDrops(objects, ""))).toBe(0);
    expect(dropsOf([{ kind: "clsact", dev: "veth1" }], parseDrops([], queues))).toBe(0);
  });

  it("are asked for in one batch", () => {
    expect(listDrops([...ours, policer("veth1", "ingress")]).input).toBe(
      "qdisc show\nqdisc show dev veth1\nfilter show dev veth1 ingress\n",
    );
  });
});

describe("a class of an uplink", () => {
  const classes = [
    "1:1 root rate 1Gbit",
    "1:10 parent 1:1 leaf 10: prio 0",
    "1:20 parent 1:1 leaf 20: prio 1",
  ]
    .map((words) => `class htb ${words}\n${counted(2)} lended: 6 borrowed: 0 giants: 0\n\n`)
    .join("");
  const queue = `qdisc htb 1: root refcnt 2 r2q 10 default 0x10\n${counted(5)}qdisc fq_codel 20: parent 1:20 limit 1024p\n${counted(640)}`;

  it("has dropped what its queue has, or, with a queue that tc does not tell of, what it refused", () => {
    const dropped = parseCounters(classes + queue).map(({ classid, dropped: count }) => [classid, count]);
    expect(dropped).toEqual([
      ["1:1", 2],
      ["1:10", 2],
      ["1:20", 640],
    ]);
  });
});
