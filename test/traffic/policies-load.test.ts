/** What thousands of rules in policyDir cost a pod that is added. */
import { readdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { succeeded } from "../lab/plugin/answers.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";

const policyDir = "/etc/cni/pod-qos";
const files = 500;
const namespaces = 50;

let node: LabNode;
let attachment: Plug;
beforeEach(async () => {
  node = await createNode();
  await node.exec("mkdir", ["-p", policyDir]);
  for (let at = 0; at < files; at += 1) {
    writeFileSync(node.path(`${policyDir}/policy-${at}.yaml`), manifest(at));
  }
  attachment = await plug(node);
});
afterEach(() => node[Symbol.asyncDispose]());

describe("10 000 rules in 500 files", () => {
  test("make an ADD at most half as long again as one without any", async () => {
    await new Promise((done) => setTimeout(done, 2_200));
    await timed({ policyDir });
    expect(readdirSync(node.path("/run/pod-qos/policies")).length).toBe(1);
    const bare: number[] = [];
    const loaded: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      bare.push(await timed({}));
      loaded.push(await timed({ policyDir }));
    }
    // The shortest of each: what else the machine does makes a run longer, never shorter.
    expect(Math.min(...loaded) / Math.min(...bare)).toBeLessThan(1.5);
  });
});

async function timed(conf: Readonly<Record<string, unknown>>): Promise<number> {
  const began = performance.now();
  const result = await attachment.call("ADD", {
    conf: { ...conf, args: { cni: { labels: [] } } },
    args: "K8S_POD_NAMESPACE=team-1;K8S_POD_NAME=pod1",
  });
  const took = performance.now() - began;
  succeeded(result);
  return took;
}

function manifest(at: number): string {
  const rules = Array.from(
    { length: 20 },
    (_, rule) => `
  - dscp: ${rule}
    bandwidth: { rate: 20000 }
    classifier:
      to:
      - ipBlock: { cidr: 10.${at % 256}.${rule}.0/24, except: [10.${at % 256}.${rule}.1/32] }
      ports:
      - { protocol: TCP, port: ${1000 + rule} }`,
  );
  return `apiVersion: k8s.ovn.org/v1alpha1
kind: NetworkQoS
metadata: { name: policy-${at}, namespace: team-${at % namespaces} }
spec:
  priority: ${at % 101}
  podSelector: { matchLabels: { app: app-${at} } }
  egress:${rules.join("")}
`;
}
