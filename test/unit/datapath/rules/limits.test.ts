/** Limits of rules as classes of the pod's tree, alone and inside the pod's own cap. */
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { plan } from "../../../../plugin/datapath/plan.ts";
import type { HtbClass, TcObject } from "../../../../plugin/program/tc/objects.ts";
import { capOf } from "../../support/cap.ts";
import { rendered } from "../../support/render.ts";
import { networkQos, rulesFor } from "../../support/manifests.ts";
import { refusal } from "../../support/refusal.ts";
import { rulesOf, to } from "../../support/rule.ts";
import { egressCap, small, stock, taskOf, type Wishes } from "../../support/task.ts";

const rules = rulesOf(
  { dscp: 20, bandwidth: { rate: 2000, burst: 100 }, classifier: { to: [to("192.0.2.0/24")] } },
  { bandwidth: { rate: 4000, discipline: "shape" } },
);
const kernels = [
  { kernel: "stock", features: stock },
  { kernel: "small", features: small },
] as const;

describe.each(kernels)("the whole plan, $kernel kernel", ({ kernel, features }) => {
  it.each([
    ["rules", {}],
    ["rules-in-shaped-cap", { egress: egressCap }],
    ["rules-in-policed-cap", { egress: egressCap, discipline: "police" }],
  ] as const)("%s", async (name, wishes: Wishes) => {
    for (const enforce of ["host", "pod"] as const) {
      const text = rendered(plan(taskOf({ ...wishes, rules, features, enforce })));
      await expect(text).toMatchFileSnapshot(`../../golden/plan/${name}.${enforce}.${kernel}.txt`);
    }
  });
});

describe("the tree", () => {
  it("without a cap lets unlimited traffic past the classes: it pays for no limit it does not have", () => {
    expect(inPod({})[0]).toMatchObject({ kind: "htb", defaultClass: "0", directPackets: 1000 });
  });

  it("with a cap leaves no way past it", () => {
    expect(inPod({ egress: egressCap })[0]).toMatchObject({
      kind: "htb",
      defaultClass: "2",
      directPackets: 0,
    });
  });

  it("guarantees in all no more than the cap: what is below its own rate HTB does not hold back", () => {
    const [cap, ...children] = classes(inPod({ egress: egressCap }));
    const guaranteed = children.reduce((sum, { rate }) => sum + rate, 0);
    expect(children).toHaveLength(3);
    expect(guaranteed).toBeLessThanOrEqual(cap?.rate ?? 0);
    expect(children.every(({ parent }) => parent === "905:1")).toBe(true);
  });

  it("gives each class a share that the kernel can hold, or says what cap it would take", () => {
    const many = rulesOf(
      ...Array.from({ length: 12 }, (_, port) => ({
        bandwidth: { rate: 1000 },
        classifier: { ports: [{ protocol: "UDP", port: port + 1 }] },
      })),
    );
    const wishes = (rate: number, mtu: number) =>
      taskOf({ egress: capOf(rate), rules: many, mtu, enforce: "pod" });
    for (const [mtu, lowest] of [
      [1500, 2704],
      [9000, 15_704],
    ] as const) {
      const { code, message } = refusal(() => plan(wishes(lowest - 8, mtu)));
      expect(code).toBe(ErrorCode.invalidConfig);
      expect(message).toContain(`it takes a cap of ${lowest} bit/s, or fewer rules with a limit`);
      const held = classes(
        plan(wishes(lowest, mtu)).flatMap((one) => (one.tool === "tc" ? one.objects : [])),
      );
      expect(held.map(({ rate, burst }) => burst / rate).filter((seconds) => seconds > 274)).toEqual([]);
    }
  });

  it("002-15 keeps the burst that was asked for, also one shorter than a GSO packet", () => {
    expect(classes(inPod({}))[0]).toMatchObject({ classid: "905:10", rate: 250_000, cburst: 12_500 });
  });
});

it("001-6 a burst that the CRD allows and tc does not fails the pods that the rule is about, no other", async () => {
  const bandwidth = { rate: 4294967295, burst: 4294967295 };
  const found = await rulesFor({ "a.json": networkQos({ egress: [{ dscp: 1, bandwidth }] }) });
  expect(found[0]?.limit?.burst).toBe(4294967295e3);
  const { code, message } = refusal(() => inPod({ rules: found }));
  expect(code).toBe(ErrorCode.invalidConfig);
  expect(message).toContain(
    "NetworkQoS default/video egress[0] (a.json) bandwidth.burst: 4294967295000 is not valid: tc takes",
  );
});

function inPod(wishes: Wishes): readonly TcObject[] {
  return plan(taskOf({ enforce: "pod", rules, ...wishes })).flatMap((program) =>
    program.tool === "tc" && program.place === "pod" ? program.objects : [],
  );
}

function classes(objects: readonly TcObject[]): readonly HtbClass[] {
  return objects.filter((object) => object.kind === "htb-class");
}
