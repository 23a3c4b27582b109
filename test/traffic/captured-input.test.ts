/** What containerd 1.6.20 sent for a pod sandbox, byte for byte: sentinel bursts, capitalised keys, its order of CNI_ARGS. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { capsOf } from "../lab/traffic/caps.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { sendAndSee } from "../lab/traffic/packets.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import type { Pod } from "../lab/node/pod.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import { wirePod, type Wire } from "../lab/node/wire.ts";

const captured = (name: "env" | "stdin"): Promise<string> =>
  readFile(join(import.meta.dirname, "../unit/fixtures", `containerd-1.6-add.${name}`), "utf8");

let node: LabNode;
let pod: Pod;
let wire: Wire;
let before: string;
beforeAll(async () => {
  node = await createNode();
  const { CNI_NETNS = "" } = parseEnv(await captured("env"));
  pod = await node.addPod(CNI_NETNS.replace(/.*\//, ""));
  // Addresses are the lab's: no packet of a test is for another network.
  wire = await wirePod(node, pod, { hostDevice: "veth3543b51d" });
  before = await node.dump();
});
afterAll(() => node[Symbol.asyncDispose]());

const send = async (command: "ADD" | "CHECK" | "DEL") => {
  const env = parseEnv(await captured("env")) as Readonly<Record<string, string>>;
  return callPlugin(node, { conf: await captured("stdin"), env: { ...env, CNI_COMMAND: command } });
};

describe("the input that containerd sent", () => {
  it("comes back as the prevResult in it, to the byte", async () => {
    const [, prevResult] = /"prevResult":(\{.*\}),"runtimeConfig"/.exec(await captured("stdin")) ?? [];
    expect(succeeded(await send("ADD"))).toBe(prevResult);
  });

  it("gives the caps of 10M and 20M with a burst of 10 ms each, and not one of 512 MiB", async () => {
    expect(await capsOf({ node, pod, nodeDevice: wire.hostDevice, ifname: "eth0" })).toMatchObject({
      egress: { rate: "10Mbit", burst: "12500b" },
      ingress: { rate: "20Mbit", burst: "25000b" },
    });
  });

  it.each([
    ["from the pod", 10e6, {}],
    ["to the pod", 20e6, { reverse: true }],
  ] as const)("holds %s from the first second on", (_, cap, way) =>
    twice("received", async () => {
      const load = { from: pod, to: node, address: wire.node4, seconds: 3, congestion: "cubic", ...way };
      const { bitsPerSecond, perSecond } = await measure(load);
      return [
        ...within("first second", (perSecond[0] ?? 0) / cap, 0.5, 1.06),
        ...within("all of it", bitsPerSecond / cap, 0.93, 1.01),
      ];
    }),
  );

  it("gives the mark 46 on both families", async () => {
    const packets = ["203.0.113.7", "2001:db8:ffff::7"].map(
      (destination) => ({ destination, protocol: "UDP", port: 9 }) as const,
    );
    expect(await sendAndSee(node, pod, { ns: node, device: wire.hostDevice }, packets)).toEqual([184, 184]);
  });

  it("passes CHECK, and DEL of the same input leaves nothing", async () => {
    succeededSilently(await send("CHECK"));
    succeededSilently(await send("DEL"));
    expect(await node.dump()).toBe(before);
  });
});
