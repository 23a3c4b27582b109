/** What senders below their limits meet while the agent adopts their pods. */
import { expect, test } from "vitest";
import { startAgent, until } from "../lab/agent/agent.ts";
import {
  addressOf,
  addUnmanaged,
  chains,
  putInChain,
  unmanagedNeeds,
  type Unmanaged,
} from "../lab/agent/unmanaged.ts";
import type { Annotations } from "../lab/cluster/runtime-call.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { sendSteadily, watchMarks } from "../lab/traffic/marks-seen.ts";

const GATEWAY = "10.88.0.1";
const pods = repetitions(40);
const needs = { ...unmanagedNeeds, peers: [...unmanagedNeeds.peers, "sender"], tools: ["ss"] };
const rules = '[{"dscp": 46, "classifier": {"ports": [{"protocol": "UDP"}]}}]';

suite("pods that send while they are adopted", needs, () => {
  /** With a first qdisc the kernel drops what arrives while it is made, as with an ADD to a pod that runs: 4 ms each. */
  test.each([
    ["marks and rules", { "pod-qos/dscp": "AF11", "pod-qos/egress": rules }, 0],
    ["caps", { "kubernetes.io/ingress-bandwidth": "20M", "kubernetes.io/egress-bandwidth": "20M" }, 8],
  ])("with %s", async (what, annotations: Annotations, atMostEach) => {
    await using node = await createNode();
    const some: Unmanaged[] = [];
    for (let at = 0; at < pods; at += 1) some.push(await addUnmanaged(node, chains({}).before, annotations));
    const out = await sending(node, some, "from the pod");
    const into = await sending(node, some.slice(0, 1), "to the pod");
    await new Promise((resolve) => setTimeout(resolve, 500));
    await putInChain(node, {});
    const agent = await startAgent(node, { ready: false });
    const adopted = 'pod_qos_applies_total{result="changed"}';
    await until("all are adopted", async () => (await agent.metric(adopted)) >= pods, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await agent.kill();
    const crowd = await crowding();
    for (const { name, lost, sent, senders } of [await out.end(), await into.end()]) {
      expect(sent).toBeGreaterThan(500);
      figure(`lost of ${sent} (${what}, ${name})`, lost, {
        atMost: atMostEach * senders * crowd,
      });
    }
  });
});

type Ended = {
  readonly name: string;
  readonly senders: number;
  readonly sent: number;
  readonly lost: number;
};

const sending = async (
  node: LabNode,
  some: readonly Unmanaged[],
  name: "from the pod" | "to the pod",
): Promise<{ readonly end: () => Promise<Ended> }> => {
  const [first] = some;
  if (first === undefined) throw new Error("no pod");
  const isOut = name === "from the pod";
  const watch = isOut ? await watchMarks(node, GATEWAY) : await watchMarks(first.pod, addressOf(first));
  const flows = some.map((one) =>
    isOut ? sendSteadily(one.pod, GATEWAY) : sendSteadily(node, addressOf(one)),
  );
  return {
    end: async () => {
      const counts = await Promise.all(flows.map((flow) => flow.end()));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const seen = [...(await watch.end()).values()];
      const sent = counts.reduce((all, count) => all + count, 0);
      return {
        name,
        senders: some.length,
        sent,
        lost: sent - seen.reduce((all, { arrived }) => all + arrived, 0),
      };
    },
  };
};
