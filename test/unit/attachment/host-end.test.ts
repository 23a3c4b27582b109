/** Whether the node's end of a pod's veth is still the one that it was added with. */
import { expect, it } from "vitest";
import { takenEnd, withoutTakenEnd } from "../../../plugin/attachment/host-end.ts";
import { plan } from "../../../plugin/datapath/plan.ts";
import { readNodeLink } from "../../../plugin/kernel/linux.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { egressCap, ingressCap, taskOf } from "../support/task.ts";

const own = readNodeLink("lo")?.ifindex ?? 0;

/** Nothing of it is made: a link of this machine lends its name and number. */
const recordOn = (name: string, ifindex: number): AttachmentRecord => {
  const task = taskOf({ egress: egressCap, ingress: ingressCap, hostEnd: { name, ifindex, mtu: 1500 } });
  return {
    version: 1,
    identity: task.identity,
    netns: "/run/netns/x",
    netnsId: "1:2",
    pod: "pod prod/x",
    facts: task.facts,
    programs: plan(task),
  };
};
const places = ({ programs }: AttachmentRecord): readonly string[] => programs.map(({ place }) => place);

it.each([
  ["it is ours with its name and number", "lo", own, undefined],
  ["another's with its name alone", "lo", own + 1, "lo"],
  ["nobody's where there is none of its name", "gone0", own, undefined],
])("%s", (_, name, ifindex, taken) => {
  expect(takenEnd(recordOn(name, ifindex))).toBe(taken);
});

it("what was on it is no part of the attachment any more; what is in the pod is", () => {
  const [ours, others] = [recordOn("lo", own), recordOn("lo", own + 1)];
  expect(withoutTakenEnd(ours)).toBe(ours);
  expect([places(ours).includes("node"), places(ours).includes("pod")]).toEqual([true, true]);
  expect(withoutTakenEnd(others).programs).toEqual(ours.programs.filter(({ place }) => place === "pod"));
});
