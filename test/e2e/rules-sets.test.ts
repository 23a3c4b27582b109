/** Address sets whose wishes change while the pod lives: they grow beyond what they were made for, and a change is cut short. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** A rule that leaves out so many single addresses. */
const excepting = (count: number): object => ({
  egress: [{ dscp: 10, classifier: { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: addresses(count) } }] } }],
});

const addresses = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `10.${(n >> 15) & 255}.${(n >> 7) & 255}.${(n & 127) * 2}/32`);

const addAndCheck = async (pod: Plug, conf: object): Promise<void> => {
  succeeded(await pod.call("ADD", { conf: { ...conf } }));
  succeededSilently(await pod.call("CHECK", { conf: { ...conf } }));
  const [name, ...more] = await setNames(pod);
  expect(name).toMatch(/^pod-qos-eth0:4:[0-9a-z]{8}$/);
  expect(more).toEqual([]);
};

const setNames = async ({ pod }: Plug): Promise<readonly string[]> =>
  (await pod.exec("ipset", ["-n", "list"])).stdout.split("\n").filter((name) => name !== "");

/** What an ADD leaves that was killed while it filled a set beside the one in use. */
const cutShort = async (pod: Plug): Promise<void> => {
  const [name] = await setNames(pod);
  await pod.pod.exec("sh", [
    "-ec",
    `ipset create ${name}+ hash:net maxelem 70000; ipset add ${name}+ 192.0.2.0/24`,
  ]);
};

describe("a set", () => {
  test("grows beyond the 65536 members it was made for, and shrinks again", async () => {
    const pod = await plug(node);
    const before = await exactState(node, pod.pod);
    for (const count of [5, 66_000, 7]) await addAndCheck(pod, excepting(count));
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });

  test("that a killed ADD was filling is in nobody's way, and goes with the next change", async () => {
    const pod = await plug(node);
    succeeded(await pod.call("ADD", { conf: { ...excepting(5) } }));
    await cutShort(pod);
    await addAndCheck(pod, excepting(7));
    await pod.unplug();
  });

  test("that a killed ADD was filling is gone after DEL", async () => {
    const pod = await plug(node);
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD", { conf: { ...excepting(5) } }));
    await cutShort(pod);
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  });
});
