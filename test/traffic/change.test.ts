/** What a sender below every limit loses while ADD is repeated with other wishes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/answers.ts";
import type { LabNode } from "../lab/node.ts";
import { podWith } from "../lab/ruled-pod.ts";
import { measure } from "../lab/traffic.ts";
import { warmNode } from "../lab/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const caps = (rate: string, more: object = {}) => ({
  conf: { defaults: { ingressBandwidth: rate, egressBandwidth: rate, dscp: "EF" }, ...more },
});

const limited = {
  egress: [{ dscp: 20, bandwidth: { rate: 8000 }, classifier: { ports: [{ protocol: "TCP", port: 443 }] } }],
};

/** While the kernel exchanges the root of a device it drops what comes: 1 to 4 ms, here as with tc alone. */
test.each([
  ["rates", [caps("20M"), caps("30M")], 0],
  ["discipline", [caps("20M"), caps("20M", { discipline: "police" })], 60],
  ["place", [caps("20M"), caps("20M", { enforce: "pod" })], 150],
  ["limits of rules", [caps("20M"), caps("20M", limited)], 150],
] as const)(
  "1000 packets a second through ten changes of %s lose next to nothing",
  async (_, wishes, most) => {
    const pod = await podWith(node, wishes[0]);
    const { wire } = pod;
    const load = measure({
      from: pod.pod,
      to: node,
      address: wire.node4,
      seconds: 12,
      udp: true,
      bitrate: "800k",
      segment: 100,
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (let time = 1; time <= 10; time += 1) succeeded(await pod.call("ADD", wishes[time % 2]));
    const { lostPackets } = await load;
    console.log(`lost of 12000 in ten changes: ${lostPackets}`);
    expect(lostPackets).toBeLessThanOrEqual(most);
    succeededSilently(await pod.call("CHECK", wishes[0]));
    await pod.end();
  },
);
