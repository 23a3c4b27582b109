import { expect } from "vitest";
import { succeeded } from "./answers.ts";
import { createNode, type LabNode } from "../node/node.ts";
import { plug } from "./plug.ts";

/** Wishes for everything there is. */
export const allWishes = {
  defaults: { ingressBandwidth: "20M", egressBandwidth: "10M", dscp: "EF" },
} as const;

/** Rules for every kind of object that rules become: sets and chains of both families, classes of both disciplines. */
export const rules = [
  { dscp: "EF", classifier: { ports: [{ protocol: "TCP", port: 443 }] } },
  {
    dscp: 20,
    bandwidth: { rate: 2000, burst: 100 },
    classifier: { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "172.16.0.0/12"] } }] },
  },
  {
    bandwidth: { rate: 1000, discipline: "shape" },
    classifier: { to: [{ ipBlock: { cidr: "2001:db8::/32", except: ["2001:db8:1::/48"] } }] },
  },
] as const;

export const ruledWishes = { egress: rules, defaults: { ...allWishes.defaults, dscp: "CS1" } } as const;

/**
 * A node that has seen one ADD and DEL, so that features.json is there already: what the kernel can do is found out once
 * per node and kept, and is no leftover of a pod.
 */
export const warmNode = async (): Promise<LabNode> => {
  const node = await createNode();
  const first = await plug(node, { conf: allWishes });
  succeeded(await first.call("ADD"));
  succeeded(await first.call("DEL"));
  await first.unplug();
  await first.pod.remove();
  return node;
};

/** The whole node, links to files, is after `body` as it was before. */
export const leavesNothing = async (node: LabNode, body: () => Promise<void>): Promise<void> => {
  const before = clean.get(node) ?? (await node.dump());
  // What a failed test leaves is its own fault, not the next one's.
  clean.delete(node);
  await body();
  expect(await node.dump()).toBe(before);
  clean.set(node, before);
};

/** The dump after one test is the one before the next: it takes a tenth of a second, in the VM four seconds. */
const clean = new WeakMap<LabNode, string>();
