import { describe, expect, it } from "vitest";
import { markAll } from "../../../plugin/policy/policy.ts";
import { plan } from "../../../plugin/datapath/plan.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { refusal } from "../support/refusal.ts";
import { rendered } from "../support/render.ts";
import { egressCap, ingressCap, noEnd, small, stock, taskOf } from "../support/task.ts";

const caps = [
  { direction: "egress", cap: { egress: egressCap } },
  { direction: "ingress", cap: { ingress: ingressCap } },
] as const;
const kernels = [
  { kernel: "stock", features: stock },
  { kernel: "small", features: small },
] as const;

/** The table of ARCHITECTURE.md: each cell's programs are in golden/plan/<direction>-<discipline>.<where>.<kernel>.txt. */
const cells = caps.flatMap(({ direction, cap }) =>
  (["shape", "police"] as const).flatMap((discipline) =>
    kernels.map(({ kernel, features }) => ({ direction, cap, discipline, kernel, features })),
  ),
);

const onL3s = (wish: object) => {
  const task = taskOf({ ...wish, hostEnd: undefined });
  return { ...task, facts: { ...task.facts, podLink: { kind: "ipvlan", mode: "l3s", mtu: 1500 } } };
};

describe("on an ipvlan in mode l3s", () => {
  it("004-2 an ingress cap, which nothing there could hold, is refused with the reason: code 102", () => {
    const { code, message } = refusal(() => plan(onL3s({ ingress: ingressCap })));
    expect(code).toBe(ErrorCode.missingFeature);
    expect(message).toContain(ingressCap.source);
    expect(message).toContain("l3s");
  });

  it("an egress cap is in the pod", () => {
    expect(plan(onL3s({ egress: egressCap })).map(({ place }) => place)).toEqual(["pod"]);
  });
});

describe.each(cells)(
  "$direction, $discipline, $kernel kernel",
  ({ direction, cap, discipline, kernel, features }) => {
    const wishes = { ...cap, discipline, features };
    const golden = (where: string): string =>
      `../golden/plan/${direction}-${discipline}.${where}.${kernel}.txt`;
    const text = (more: Partial<Parameters<typeof taskOf>[0]>): string =>
      rendered(plan(taskOf({ ...wishes, ...more })));

    it("enforced at the host end", async () => {
      await expect(text({ enforce: "host" })).toMatchFileSnapshot(golden("host"));
    });

    it("enforced in the pod", async () => {
      await expect(text({ enforce: "pod" })).toMatchFileSnapshot(golden("pod"));
    });

    it("auto is the host end on a veth, the pod on a macvlan", () => {
      expect(text({})).toBe(text({ enforce: "host" }));
      expect(text({ hostEnd: undefined })).toBe(text({ enforce: "pod" }));
    });

    it("004-6 nothing is done on the node where there is no host end", () => {
      expect(plan(taskOf({ ...wishes, hostEnd: undefined })).map(({ place }) => place)).not.toContain("node");
    });

    it("enforce host without a host end is refused with the reason: code 102", () => {
      const { code, message } = refusal(() =>
        plan(taskOf({ ...wishes, enforce: "host", hostEnd: undefined })),
      );
      expect(code).toBe(ErrorCode.missingFeature);
      expect(message).toContain(`asks for caps on the node's end of eth0, but ${noEnd}`);
      expect(message).toContain('"enforce": "auto" would put them into the pod');
    });
  },
);

describe("caps and marks together", () => {
  const everything = { egress: egressCap, ingress: ingressCap, rules: [markAll("test", 46)] };

  it.each(kernels)("on a veth, $kernel kernel", async ({ kernel, features }) => {
    const text = rendered(plan(taskOf({ ...everything, features })));
    await expect(text).toMatchFileSnapshot(`../golden/plan/everything.host.${kernel}.txt`);
  });

  it.each(kernels)("on a macvlan, policing, $kernel kernel", async ({ kernel, features }) => {
    const text = rendered(
      plan(taskOf({ ...everything, features, discipline: "police", hostEnd: undefined })),
    );
    await expect(text).toMatchFileSnapshot(`../golden/plan/everything.pod.${kernel}.txt`);
  });

  it.each([{ discipline: "police" }, { discipline: "shape" }] as const)(
    "$discipline makes one clsact per device",
    (wishes) => {
      for (const features of [stock, small]) {
        const text = rendered(plan(taskOf({ ...everything, ...wishes, features, enforce: "pod" })));
        expect(text.match(/qdisc add dev eth0 clsact/g)).toHaveLength(1);
      }
    },
  );

  it("each device gets its own MTU: the host end's at the node, the pod's in the pod", () => {
    const task = taskOf({ egress: egressCap, ingress: ingressCap, mtu: 9000 });
    const text = rendered(plan(task));
    expect(text).toMatch(/class add dev veth3543b51d .* quantum 1514\n/);
    expect(text).toMatch(/class add dev eth0 .* quantum 9014\n/);
  });
});

describe("a mark", () => {
  it("001-18 001-23 is set on what leaves through the interface, DSCP bits only", () => {
    const text = rendered(plan(taskOf({ rules: [markAll("test", 46)], ipv6: false })));
    expect(text).toBe(
      "[pod] iptables-restore --noflush --wait 10\n" +
        "*mangle\n" +
        "-N POD-QOS-eth0\n" +
        "-A POD-QOS-eth0 -j DSCP --set-dscp 0x2e\n" +
        "-A POSTROUTING -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0\n" +
        "COMMIT\n",
    );
  });

  it.each([
    [true, ["iptables", "ip6tables"]],
    [false, ["iptables"]],
  ])("001-7 covers both families where the kernel has IPv6 (%s)", (ipv6, tools) => {
    expect(plan(taskOf({ rules: [markAll("test", 1)], ipv6 })).map(({ tool }) => tool)).toEqual(tools);
  });

  it("of 0 is a wish like any other", () => {
    expect(rendered(plan(taskOf({ rules: [markAll("test", 0)] })))).toContain("--set-dscp 0x00\n");
  });

  it("needs no host end, even when the conf insists on one for caps", () => {
    const task = taskOf({ rules: [markAll("test", 1)], enforce: "host", hostEnd: undefined });
    expect(plan(task).map(({ place }) => place)).toEqual(["pod", "pod"]);
  });
});

it("no wishes, no programs", () => {
  expect(plan(taskOf({ enforce: "host", hostEnd: undefined }))).toEqual([]);
});
