/** What reaches a pod that is being deleted: all but what takes away what it has. */
import { expect, it } from "vitest";
import { consider } from "../../../plugin/attachment/consider.ts";
import { decide } from "../../../plugin/attachment/decide.ts";
import { planFor } from "../../../plugin/attachment/plan.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import { netnsId } from "../../../plugin/kernel/netns.ts";
import type { Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { apiObject, snapshotOf } from "../support/api.ts";
import { knowing, podRequest } from "../support/known.ts";
import { taskOf } from "../support/task.ts";

const netns = "/proc/self/ns/net";
const marking = (...dscps: readonly number[]): Snapshot =>
  snapshotOf({ egressQos: [apiObject({ egress: dscps.map((dscp) => ({ dscp })) })] });

const running = async (snapshot: Snapshot): Promise<AttachmentRecord> => {
  const said = podRequest({});
  const request = { ...said, call: { ...said.call, netns } };
  const policy = await decide(request, "forget", knowing({ snapshot }));
  const plan = planFor(request, policy, taskOf({}).facts);
  return recordOf({ request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined }, plan, plan.programs);
};

it.each([
  ["the deletion of an object changes one that stays", snapshotOf({}), false, "differs"],
  ["and not one that is being deleted", snapshotOf({}), true, "same"],
  ["which an edit changes all the same", marking(20), true, "differs"],
] as const)("%s", async (_, snapshot, isTerminating, kind) => {
  const ground = { conf: undefined, knowledge: knowing({ snapshot }), isTerminating };
  expect(await consider("/nowhere", await running(marking(41)), ground)).toMatchObject({ kind });
});
