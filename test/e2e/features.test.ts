/** What is remembered of the kernel's abilities may be wrong: modules are blacklisted, unloaded, installed. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { plug } from "../lab/plugin/plug.ts";
import { allWishes, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const everything = { fqCodel: true, matcher: "matchall", police: true } as const;

type Cache = { readonly features: object; readonly at: number };

/** Where the kernel has it all, as the VM's has, there is nothing to overstate, and nothing that may come later. */
const lacking = test.skipIf(process.env["POD_QOS_VM"] === "1");

lacking.each([
  ["a first ADD", {}, { ...ruledWishes, discipline: "police" }],
  ["an ADD with other wishes", { defaults: { egressBandwidth: "5M" } }, allWishes],
] as const)(
  "%s that relies on more than this kernel has tries again with what it has",
  async (_, first, then) => {
    const file = node.path("/run/pod-qos/features.json");
    const known = JSON.parse(readFileSync(file, "utf8")) as Cache;
    expect(known.features).not.toEqual(everything);
    const pod = await plug(node);
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD", { conf: first }));
    writeFileSync(file, JSON.stringify({ ...known, features: everything }));
    succeeded(await pod.call("ADD", { conf: then }));
    succeededSilently(await pod.call("CHECK", { conf: then }));
    expect((JSON.parse(readFileSync(file, "utf8")) as Cache).features).toEqual(known.features);
    succeededSilently(await pod.call("DEL", { conf: then }));
    expect(await exactState(node, pod.pod)).toBe(before);
    await pod.unplug();
  },
);

lacking("what is said to be missing is looked for again where the clock was set back since", async () => {
  const file = node.path("/run/pod-qos/features.json");
  const lookedAt = async (at: number): Promise<number> => {
    const known = JSON.parse(readFileSync(file, "utf8")) as Cache;
    writeFileSync(file, JSON.stringify({ ...known, at }));
    const pod = await plug(node);
    succeeded(await pod.call("ADD", { conf: allWishes }));
    succeededSilently(await pod.call("DEL", { conf: allWishes }));
    await pod.unplug();
    return (JSON.parse(readFileSync(file, "utf8")) as Cache).at;
  };
  const lately = Date.now() - 1000;
  expect(await lookedAt(lately)).toBe(lately);
  expect(await lookedAt(Date.now() + 3_600_000)).toBeLessThanOrEqual(Date.now());
});
