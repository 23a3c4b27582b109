/** 002-24: what comes of a status that the server refuses, by a fake server that does it on command. */
import { expect, it } from "vitest";
import type { Verdict } from "../../../plugin/controller/sum.ts";
import type { QosObject } from "../../../plugin/controller/view.ts";
import { wantedOf } from "../../../plugin/controller/wording.ts";
import { createWriter } from "../../../plugin/controller/writer.ts";
import { connect } from "../../../plugin/kube/connect.ts";
import { fakeSite, quick, until } from "../../lab/agent/api-follower.ts";
import { refuse } from "../../lab/agent/fake-api.ts";
import { object } from "./support.ts";

const STATUS = "/apis/k8s.ovn.org/v1alpha1/namespaces/prod/networkqoses/video/status";
const applied: Verdict = {
  kind: "applied",
  nodes: 1,
  pods: 0,
  silent: [],
  withoutAgent: 0,
  zones: [],
  possible: [],
};

/** A writer whose writes are all answered with this code. */
async function refused(status: 404 | 409) {
  const site = await fakeSite();
  site.api.give(STATUS, (response) => refuse(response, status, { reason: "No", message: "no" }));
  const connection = await connect({ kubeconfig: site.kubeconfig, timing: quick });
  const said: string[] = [];
  let answered = 0;
  const writer = createWriter({
    connection,
    log: (level, text) => void said.push(`${level}: ${text}`),
    signal: new AbortController().signal,
    onDone: () => (answered += 1),
  });
  return {
    said,
    /** Whether it is written when this time has passed. */
    isWritten: async (afterMs: number, about: QosObject = object()): Promise<boolean> => {
      const before = answered;
      const targets = [{ object: about, wanted: wantedOf(about, applied) }];
      const wait = writer.write(targets, { nowMs: performance.now() + afterMs, nodes: 1 });
      if (wait !== Number.POSITIVE_INFINITY) return false;
      await until("the answer", () => answered > before);
      return true;
    },
    [Symbol.asyncDispose]: async () => {
      connection.close();
      await site[Symbol.asyncDispose]();
    },
  };
}

it.each([404, 409] as const)(
  "%i: the same version is written again after 1 s, then 2 s, at most 30 s",
  async (status) => {
    await using own = await refused(status);
    const times = [0, 0, 1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 30_000, 20_000, 30_000];
    const written: boolean[] = [];
    for (const after of times) written.push(await own.isWritten(after));
    expect(written).toEqual([true, false, true, false, true, true, true, true, false, true, false, true]);
  },
);

it("409: another version is written at once", async () => {
  await using own = await refused(409);
  expect([await own.isWritten(0), await own.isWritten(0)]).toEqual([true, false]);
  expect(await own.isWritten(0, object({ version: "501" }))).toBe(true);
});

it("404 is said once, when the object is still followed a second later", async () => {
  await using own = await refused(404);
  await own.isWritten(0);
  expect(own.said).toEqual([]);
  for (const after of [1_000, 2_000, 4_000]) await own.isWritten(after);
  expect(own.said).toEqual([
    expect.stringMatching(/^warn: the status of NetworkQoS prod\/video: PATCH .*: 404 No: no$/),
  ]);
});

it("409 is not said: the watch brings what has changed", async () => {
  await using own = await refused(409);
  for (const after of [0, 1_000, 2_000]) await own.isWritten(after);
  expect(own.said).toEqual([]);
});
