/** What the plugin finds out about kernel and link, against what the lab knows of them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Policy } from "../../plugin/policy/policy.ts";
import { drive } from "../lab/plugin/drive.ts";
import { hasFeature, suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug } from "../lab/plugin/plug.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const policy: Policy = {
  ingress: undefined,
  egress: { rate: 10e6, burst: undefined, source: "test", burstSource: undefined },
  rules: [],
  discipline: "shape",
  enforce: "auto",
  warnings: [],
};

describe("features", () => {
  it("are those that the kernel has", async () => {
    const { features } = await drive(await plug(node), policy);
    expect(features).toEqual({
      police: hasFeature("act_police"),
      fqCodel: hasFeature("fq_codel"),
      matcher: hasFeature("matchall") ? "matchall" : "u32",
    });
  });
});

describe("the node's end of the pod's link", () => {
  it("is the veth that prevResult names, if both ends point at each other", async () => {
    const pod = await plug(node);
    const { facts } = await drive(pod, policy);
    expect(facts.hostEnd?.name).toBe(pod.nodeDevice);
    expect(facts.podLink).toEqual({ kind: "veth", mode: "", mtu: 1500 });
  });

  it("is not another pod's veth, though prevResult names it", async () => {
    const [own, other] = [await plug(node), await plug(node)];
    const { facts } = await drive({ ...own, nodeDevice: other.nodeDevice }, policy);
    expect(facts.hostEnd).toBeUndefined();
    expect(facts.hostEndRefusal).toContain(other.nodeDevice);
  });

  it("is not in reach when it has moved to a third namespace", async () => {
    const [own, third] = [await plug(node), await node.addPod()];
    await node.exec("ip", ["link", "set", own.nodeDevice, "netns", third.name]);
    const { facts } = await drive(own, policy);
    expect(facts.hostEnd).toBeUndefined();
    expect(facts.hostEndRefusal).not.toBe("");
  });

  suite("of a macvlan", { features: ["macvlan"] }, () => {
    it("does not exist, and the reason says so", async () => {
      const { facts } = await drive(await plug(node, { kind: "macvlan" }), policy);
      expect(facts.hostEnd).toBeUndefined();
      expect(facts.hostEndRefusal).toContain("macvlan");
    });
  });
});
