/** Rules of a pod whose packets alone say its class: none of them moves it out of its class or into another. */
import { describe, expect, it } from "vitest";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { plan } from "../../../plugin/datapath/plan.ts";
import { dependOnLink, withClass } from "../../../plugin/datapath/uplink/class-rules.ts";
import type { Rule } from "../../../plugin/policy/rule/rule.ts";
import type { UplinkChoice } from "../../../plugin/policy/uplink/choose.ts";
import { rendered } from "../support/render.ts";
import { rulesOf } from "../support/rule.ts";
import { egressCap, taskOf } from "../support/task.ts";
import { runbook, uplinkOf } from "../support/uplink.ts";

const conf = {
  ...runbook,
  rate: "1G",
  classes: { ...runbook.classes, gold: { rate: "100k", dscp: "EF" } },
};
const uplink = uplinkOf(conf);
const inClass = (name: string): UplinkChoice => {
  const chosen = uplink.classes.find((entry) => entry.name === name);
  if (chosen === undefined) throw new Error(`no class ${name}`);
  const link = { device: "eth0", speed: 1e9, mtu: 1500 };
  return { uplink, chosen, source: "test", undecided: [], conf: parseUplink("uplink", conf), link };
};

const limit = { rate: 1000, burst: 100 };
const rules = rulesOf({ bandwidth: limit }, { dscp: 46, bandwidth: limit }, { dscp: 10 }, {});
const taskIn = (name: string, kind: "veth" | "macvlan" | "ovs", own: readonly Rule[] = rules) => {
  const ends = kind === "veth" ? {} : { hostEnd: undefined };
  const task = taskOf({ uplink: inClass(name), rules: own, ...ends });
  const podLink = { ...task.facts.podLink, kind: kind === "ovs" ? "veth" : kind };
  return { ...task, facts: { ...task.facts, podLink } };
};
const marks = (task: ReturnType<typeof taskIn>): readonly unknown[] =>
  withClass(task).policy.rules.map(({ dscp }) => dscp);

describe("the DSCP of a rule", () => {
  it.each([
    ["veth", "bulk-seed", [undefined, 46, 10, undefined]],
    ["veth", "default", [undefined, 46, 10, undefined]],
    ["macvlan", "bulk-seed", [8, 46, 10, 8]],
    ["macvlan", "default", [undefined, 46, 10, undefined]],
    ["ovs", "bulk-seed", [8, 8, 8, 8]],
    ["ovs", "gold", [46, 46, 46, 46]],
    ["ovs", "default", [undefined, 0, 10, undefined]],
  ] as const)("on a %s in class %s is %j", (kind, name, expected) => {
    expect(marks(taskIn(name, kind))).toEqual(expected);
  });
});

describe("the limit of a rule", () => {
  it("on a macvlan is told by mark, and the priority is the class's", () => {
    const [first] = rules;
    const text = rendered(plan(taskIn("bulk-seed", "macvlan", first === undefined ? [] : [first])));
    expect(text).toContain("-A POD-QOS-eth0 -j MARK --set-xmark 0x9050010/0xffffffff\n");
    expect(text).toContain("-A POD-CLASS-eth0 -j CLASSIFY --set-class 0001:0020\n");
    expect(text).not.toContain("--set-class 0905");
    expect(text).toContain(
      "filter add dev eth0 parent 905: protocol all pref 9 bpf bytecode '2,32 0 0 4294963220,22 0 0 0'\n",
    );
  });

  it.each(["veth", "ovs"] as const)("on a %s, which the priority does not cross, is told by it", (kind) => {
    const text = rendered(plan(taskIn("bulk-seed", kind)));
    expect(text).toContain("--set-class 0905:0010\n");
    expect(text).not.toContain("bpf");
  });

  it("takes no filter where there is none", () => {
    const task = taskOf({ uplink: inClass("bulk-seed"), egress: egressCap, hostEnd: undefined });
    expect(rendered(plan(task))).not.toContain("bpf");
  });

  it("without an uplink is told by priority on a macvlan as well", () => {
    const text = rendered(plan(taskOf({ rules, hostEnd: undefined })));
    expect(text).toContain("--set-class 0905:0010\n");
    expect(text).not.toContain("bpf");
  });
});

describe("rules that can be made before the link has been looked at", () => {
  it.each([
    ["without an uplink", undefined, rules, false],
    ["with the class's DSCP", "bulk-seed", rulesOf({ dscp: 8 }), false],
    ["with a DSCP of no class, in the default class", "default", rulesOf({ dscp: 10 }), false],
    ["with the DSCP of another class", "default", rulesOf({ dscp: 46 }), true],
    ["with another DSCP than the class's", "bulk-seed", rulesOf({ dscp: 10 }), true],
    ["with a limit", "default", rulesOf({ bandwidth: limit }), true],
  ] as const)("%s", (_, name, own, depends) => {
    const choice = name === undefined ? {} : { uplink: inClass(name) };
    expect(dependOnLink(taskOf({ ...choice, rules: own }).policy)).toBe(depends);
  });
});
