/**
 * What `tc -d` prints for objects of ours once the kernel has them: iproute2's rules for rates, sizes, times and buckets.
 * tc-real.test.ts holds the 6.1 rules against text captured from the tool.
 */
import type { HtbClass, Leaf, TcFilter, TcObject } from "../../../plugin/program/tc/objects.ts";
import { bucketSize, leafText, printRate, printSize, type Tc } from "./tc-units.ts";

export function printTc(objects: readonly TcObject[], tc: Tc): string {
  return [
    ...objects.flatMap((object) => filterText(object, "ingress", tc)),
    ...qdiscLines(objects, tc),
    ...objects.flatMap((object) => filterText(object, "egress", tc)),
    ...objects.flatMap((object) => (object.kind === "htb-class" ? [classLine(object, objects, tc)] : [])),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function qdiscLines(objects: readonly TcObject[], tc: Tc): readonly string[] {
  const hasRoot = objects.some(({ kind }) => kind === "htb");
  const lines = objects.flatMap((object): readonly string[] => {
    if (object.kind === "htb") {
      const { handle, defaultClass, directPackets } = object;
      return [
        `qdisc htb ${handle} root refcnt 2 r2q 10 default 0x${defaultClass} direct_packets_stat 0 ver 3.17 direct_qlen ${directPackets}`,
      ];
    }
    if (object.kind === "leaf")
      return [leafLine(object.queue, `${object.handle} parent ${object.parent}`, tc)];
    return object.kind === "clsact" ? ["qdisc clsact ffff: parent ffff:fff1 "] : [];
  });
  return hasRoot ? lines : ["qdisc noqueue 0: root refcnt 2 ", ...lines];
}

function leafLine(queue: Leaf, place: string, tc: Tc): string {
  return `qdisc ${queue.kind} ${place} ${leafText(queue, tc)}`;
}

function classLine(each: HtbClass, objects: readonly TcObject[], tc: Tc): string {
  const leaf = objects.find((object) => object.kind === "leaf" && object.parent === each.classid);
  const burst = printSize(bucketSize(each.rate, each.burst, tc));
  const cburst = printSize(bucketSize(each.ceil, each.cburst, tc));
  return (
    `class htb ${each.classid} root ${leaf?.kind === "leaf" ? `leaf ${leaf.handle} ` : ""}prio 0 quantum ${each.quantum} ` +
    `rate ${printRate(each.rate)} ceil ${printRate(each.ceil)} linklayer ethernet ` +
    `burst ${burst}/1 mpu 0b cburst ${cburst}/1 mpu 0b level 0 `
  );
}

function filterText(object: TcObject, hook: "ingress" | "egress", tc: Tc): readonly string[] {
  if (!("hook" in object) || object.hook !== hook) return [];
  const start = `filter protocol all pref ${object.pref} ${object.matcher} chain 0 `;
  const matches = {
    matchall: [start, `${start}handle 0x1 `, "  not_in_hw"],
    u32: [
      start,
      `${start}fh 800: ht divisor 1 `,
      `${start}fh 800::800 order 2048 key ht 800 bkt 0 terminal flowid not_in_hw `,
      "  match 00000000/00000000 at 0",
    ],
  };
  return [...matches[object.matcher], ...actionLines(object, tc), ""];
}

function actionLines(filter: TcFilter, tc: Tc): readonly string[] {
  if (filter.kind === "redirect") {
    return [
      `\taction order 1: mirred (Egress Redirect to device ${filter.to}) stolen`,
      "\tindex 1 ref 1 bind 1",
    ];
  }
  const burst = printSize(bucketSize(filter.rate, filter.burst, tc));
  return [
    `\taction order 1:  police 0x1 rate ${printRate(filter.rate)} burst ${burst} mtu 1Mb ` +
      "action drop/continue overhead 0b linklayer ethernet ",
    "\tref 1 bind 1 ",
  ];
}
