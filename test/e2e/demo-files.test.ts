/** The demo's third act where no API server is built: a machine of CI has one, so nothing else comes this way. */
import { expect, test } from "vitest";
import { fromFiles, NETWORK } from "../../scripts/show/live-source.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import { startAgent, until } from "../lab/agent/agent.ts";
import { marksOf } from "../lab/traffic/marks.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode } from "../lab/node/node.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { wirePod } from "../lab/node/wire.ts";

suite("the demo's files", { plugin: true, features: ["dscp", "ipset"] }, () => {
  test("are a conf that ADD takes before any edit, and edits that reach the pod", async () => {
    await using node = await createNode();
    const pod = await node.addPod("web");
    const wire = await wirePod(node, pod);
    const source = await fromFiles(node, pod);
    const { prevResult, podDevice: ifname } = wire;
    const conf = { cniVersion: "1.0.0", name: NETWORK, type: "pod-qos", prevResult, ...source.conf };
    const { containerId, netns } = pod;
    succeeded(
      await callPlugin(node, { command: "ADD", containerId, netns, ifname, args: source.cniArgs, conf }),
    );
    const agent = await startAgent(node, { args: source.agentArgs, ready: false });
    for (const [edit, mark] of [
      [source.edits[0], 46],
      [source.edits[1], 10],
    ] as const) {
      await edit?.make();
      await until(`the mark is ${mark}`, async () => (await marksOf(pod)).includes(mark));
    }
    await agent.stop();
    await source.close();
    expect(await marksOf(pod)).toEqual([10]);
  });
});
