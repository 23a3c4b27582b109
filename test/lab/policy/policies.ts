/** A node's policy directory, and the marks that the pods it is about send with: the DSCP of packets where they arrive. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createNode, type LabNode } from "../node/node.ts";
import { sendAndSee, type Packet } from "../traffic/packets.ts";
import { nodeEnd, podWith, ruledPod, type RuledPod, type Wishes } from "../plugin/ruled-pod.ts";

export interface Policies {
  readonly node: LabNode;
  /** Into the file of that name: objects, or YAML as somebody wrote it. */
  readonly put: (file: string, ...documents: readonly (object | string)[]) => void;
  readonly remove: (file: string) => void;
  /** A pod that was added. */
  readonly pod: (wishes: Wishes) => Promise<RuledPod>;
  /** A pod that was not added yet. */
  readonly wired: (wishes: Wishes) => Promise<RuledPod>;
  readonly marksOf: (pod: RuledPod, packets?: readonly Packet[]) => Promise<readonly Mark[]>;
  /** The marks of a pod that lives for it. */
  readonly marks: (wishes: Wishes, packets?: readonly Packet[]) => Promise<readonly Mark[]>;
}

export type Mark = number | "lost";

/** On a node of its own, which is the caller's to dispose of. */
export const openPolicies = async (): Promise<Policies> => {
  const node = await createNode();
  mkdirSync(node.path(policyDir), { recursive: true });
  const heeding = ({ conf, ...wishes }: Wishes): Wishes => ({ ...wishes, conf: { policyDir, ...conf } });
  const pod = (wishes: Wishes): Promise<RuledPod> => podWith(node, heeding(wishes));
  const marksOf: Policies["marksOf"] = async ({ pod: from, wire }, packets = everywhere()) => {
    const seen = await sendAndSee(node, from, nodeEnd(node, wire), packets);
    return seen.map((tos) => (tos === undefined ? "lost" : tos >> 2));
  };
  return {
    node,
    put: (file, ...documents) => {
      const texts = documents.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
      writeFileSync(node.path(`${policyDir}/${file}`), texts.join("\n---\n"));
    },
    remove: (file) => rmSync(node.path(`${policyDir}/${file}`)),
    pod,
    wired: async (wishes) => ruledPod(node, await node.addPod(), heeding(wishes)),
    marksOf,
    marks: async (wishes, packets) => {
      const made = await pod(wishes);
      const seen = await marksOf(made, packets);
      await made.end();
      return seen;
    },
  };
};

const policyDir = "/etc/cni/pod-qos";

/** A packet of each family, to where nobody is. */
export const everywhere = (port = 9): readonly Packet[] =>
  ["203.0.113.7", "2001:db8:ffff::7"].map((destination) => ({ destination, protocol: "UDP", port }));

/** What they arrive with where one mark is for both. */
export const marked = (dscp: number): readonly Mark[] => everywhere().map(() => dscp);

export const networkQos = (spec: object, name = "video", namespace = "default"): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name, namespace },
  spec: { podSelector: {}, priority: 10, ...spec },
});

export const egressQos = (egress: readonly object[], name = "default", namespace = "default"): object => ({
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS",
  metadata: { name, namespace },
  spec: { egress },
});
