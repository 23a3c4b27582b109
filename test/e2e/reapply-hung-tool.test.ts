/** A tool that hangs while the agent works at a pod (1.7): it has the pod's lock for 2 s at most, and DEL and the next try find all of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { until } from "../lab/agent/agent.ts";
import { lockNames } from "../lab/plugin/locks.ts";
import { crowding } from "../lab/measure/machine.ts";
import type { LabNode } from "../lab/node/node.ts";
import { ended, plug } from "../lab/plugin/plug.ts";
import { reappliedState as stateOf, reapplyTo as reapply } from "../lab/agent/reapply.ts";
import { readRecordOf } from "../lab/plugin/records.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** Whoever calls it first waits for ever; it does what everybody else asks. */
const hanging = (tool: string): string => `
tool=$(readlink -f "$(command -v ${tool})")
cp "$tool" /run/whole-tool
cat >/run/hung-tool <<'END'
#!/bin/sh
mkdir /run/tool-has-hung 2>/dev/null && exec sleep 600
exec /run/whole-tool "$@"
END
chmod +x /run/hung-tool
mount --bind /run/hung-tool "$tool"`;

const withHung = async (tool: string, body: () => Promise<void>): Promise<void> => {
  await node.exec("sh", ["-ec", hanging(tool)]);
  try {
    await body();
  } finally {
    const undo = `umount "$(readlink -f "$(command -v ${tool})")"; rm -rf /run/tool-has-hung /run/hung-tool /run/whole-tool`;
    await node.exec("sh", ["-ec", undo]);
  }
};

const isHeld = (): boolean => lockNames(node).length > 0;

test.each([
  ["tc", allWishes, { defaults: { egressBandwidth: "7M" } }],
  ["ipset", allWishes, ruledWishes],
])("of a hung %s the agent lets go in time for DEL, which takes away old and new", async (tool, from, to) => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: from });
    succeeded(await pod.call("ADD"));
    await withHung(tool, async () => {
      const changing = reapply(pod, to);
      await until("the agent is at work", isHeld);
      const began = performance.now();
      succeededSilently(await pod.call("DEL"));
      expect(performance.now() - began).toBeLessThan(3_000 * (await crowding()));
      expect(await changing).toMatchObject({ kind: "failed" });
    });
    await ended(pod);
  });
});

test.each([
  ["tc", allWishes, { defaults: { egressBandwidth: "7M" } }],
  ["ipset", allWishes, ruledWishes],
])("what a hung %s left half done is completed with the next try", async (tool, from, to) => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: from });
    succeeded(await pod.call("ADD"));
    await withHung(tool, async () => {
      const { kind, message } = await reapply(pod, to);
      expect(kind).toBe("failed");
      expect(message).toContain("the next try completes it");
      expect(readRecordOf(pod).unfinished).toBe(true);
      expect(isHeld()).toBe(false);
      expect(await reapply(pod, to)).toMatchObject({ kind: "changed" });
    });
    const completed = await stateOf(pod);
    succeededSilently(await pod.call("DEL"));
    succeeded(await pod.call("ADD", { conf: to }));
    expect(completed).toEqual(await stateOf(pod));
    await ended(pod);
  });
});
