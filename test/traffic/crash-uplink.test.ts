/** SIGKILL at any moment of an ADD that puts a pod into a class of the uplink: nothing of the pod stays, all of the uplink does. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import { callKilled, corrected, inWords, moment, spanOf, type Hit, type Span } from "../lab/plugin/kill.ts";
import { suite } from "../lab/node/needs.ts";
import { rounds } from "../lab/traffic/pace.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import type { RecordOwner } from "../lab/plugin/records.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplinkPod,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const times = rounds("random moments of an ADD with an uplink", repetitions(200, 20), 5);
const set = "bulkseed-pods";

suite("an ADD with an uplink that is killed", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  let pod: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    pod = await uplinkPod(site, { labels: bulkLabel });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const victim = (): RecordOwner => ({ node: site.node, pod: pod.pod, ifname: "eth0", conf: pod.conf });
  const kill = async (round: number, span: Span): Promise<{ what: string; hit: Hit }> => {
    const whole = round % 2 === 1;
    const when = moment(seed, round, span);
    const what = `${seedSaid}: ${inWords(when)}${whole ? " with its tools" : ""}`;
    return { what, hit: await callKilled(victim(), when, whole) };
  };
  /** What there is of pods, beside the classes. */
  const ofPods = async (): Promise<object> => ({
    records: recordNames(site.node),
    members: await membersOf(site.node, set),
  });
  const state = (): Promise<string> => exactState(site.node, pod.pod);
  const add = async (): Promise<unknown> => succeeded(await pod.call("ADD"));
  const del = async (): Promise<unknown> => succeededSilently(await pod.call("DEL"));

  const unmake = async (): Promise<void> => {
    await del();
    const { exitCode, stderr } = await callPlugin(site.node, { argv: ["uplink", "remove"] });
    expect(exitCode, stderr).toBe(0);
  };

  test(`at each of ${times} random moments, on an uplink that stands: DEL, or ADD and DEL, takes out the pod alone`, async () => {
    const neighbour = await addedUplinkPod(site, { labels: bulkLabel });
    onTestFinished(async () => succeededSilently(await neighbour.call("DEL")));
    const others = await ofPods();
    expect(others).toMatchObject({ members: [neighbour.wire.pod4], records: [expect.any(String)] });
    let span = await spanOf(victim(), add, del);
    const before = await state();
    expect(before).toContain("class htb 1:20");
    let landed = 0;
    for (let round = 0; round < times; round += 1) {
      const { what, hit } = await kill(round, span);
      span = corrected(span, hit);
      if (hit === "in the midst") landed += 1;
      if (round % 4 >= 2) {
        await add();
        succeededSilently(await pod.call("CHECK"));
        expect(await membersOf(site.node, set)).toContain(pod.wire.pod4);
      }
      await del();
      expect({ what, ...(await ofPods()) }).toEqual({ what, ...others });
      expect({ what, state: await state() }).toEqual({ what, state: before });
    }
    enough(landed, times);
  });

  test("while it makes the uplink: DEL leaves nothing of the pod, and the next ADD the whole uplink", async () => {
    await add();
    const whole = await state();
    for (const part of ["class htb 1:20", pod.wire.pod4, pod.wire.pod6]) expect(whole).toContain(part);
    await unmake();
    let span = await spanOf(victim(), add, unmake);
    let landed = 0;
    for (let round = 0; round < times / 2; round += 1) {
      const { what, hit } = await kill(round, span);
      span = corrected(span, hit);
      if (hit === "in the midst") landed += 1;
      await del();
      expect({ what, records: recordNames(site.node) }).toEqual({ what, records: [] });
      const left = await state();
      for (const address of [pod.wire.pod4, pod.wire.pod6]) expect(left, what).not.toContain(address);
      await add();
      succeededSilently(await pod.call("CHECK"));
      expect({ what, state: await state() }).toEqual({ what, state: whole });
      await unmake();
    }
    enough(landed, times / 2);
  });
});

const enough = (landed: number, of: number): void => {
  expect(landed, `${seedSaid}: kills in the midst of ADD, of ${of}`).toBeGreaterThanOrEqual(
    Math.floor(of / 3),
  );
};
