/** Who counts as heard, whatever the clocks of nodes say and whatever keeps us from hearing. */
import { describe, expect, it } from "vitest";
import { createEar } from "../../../plugin/controller/ear.ts";
import { hearingOf } from "../../../plugin/controller/reports.ts";
import type { QosNodeReport } from "../../../plugin/controller/report-memo.ts";
import { NOW } from "./support.ts";

const SILENT = 180_000;
const minute = 60_000;

const status = {
  agent: { version: "1", started: "" },
  observed: {},
  objects: [],
  pods: 0,
  limited: 0,
  pending: 0,
  failed: 0,
  uplink: "",
} as const;

const written = (renewedMs: number): QosNodeReport => ({
  name: "a",
  uid: "u",
  version: "1",
  status: { ...status, renewed: new Date(renewedMs).toISOString() },
});

type Ear = ReturnType<typeof createEar>;

const isSilent = (ear: Ear, node: QosNodeReport, atMs: number): boolean =>
  hearingOf(ear.reportsOf([node]), new Set(["a"]), atMs, SILENT).silent.length === 1;

/** Renewed at these times of the node's clock, heard at those of ours. */
const heard = (...times: readonly (readonly [renewedMs: number, atMs: number])[]): [Ear, QosNodeReport] => {
  const ear = createEar(SILENT);
  let node = written(0);
  for (const [renewedMs, atMs] of times) {
    node = written(renewedMs);
    ear.hear([node], atMs);
  }
  return [ear, node];
};

describe("a node", () => {
  it("is silent three minutes after its last report", () => {
    const [ear, node] = heard([NOW, NOW]);
    expect([3 * minute, 3 * minute + 1].map((after) => isSilent(ear, node, NOW + after))).toEqual([
      false,
      true,
    ]);
  });

  it("whose last report is old when it is first seen is silent at once", () => {
    const [ear, node] = heard([NOW - 4 * minute, NOW]);
    expect(isSilent(ear, node, NOW)).toBe(true);
  });

  it("whose clock is an hour behind is heard from its second report on", () => {
    const hour = 60 * minute;
    const [ear, node] = heard([NOW - hour, NOW], [NOW - hour + minute, NOW + minute]);
    expect([minute, 5 * minute].map((after) => isSilent(ear, node, NOW + after))).toEqual([false, true]);
  });

  it("whose clock is ahead is not heard for longer", () => {
    const [ear, node] = heard([NOW + 60 * minute, NOW]);
    expect(isSilent(ear, node, NOW + 4 * minute)).toBe(true);
  });

  it("whose report is put back to an old one counts by that", () => {
    const [ear, node] = heard([NOW, NOW], [NOW - 4 * minute, NOW + 1_000]);
    expect(isSilent(ear, node, NOW + 1_000)).toBe(true);
  });
});

describe("after a time in which nobody could be heard", () => {
  const failed = { kind: "failed", during: "watch", message: "", wait: 0 } as const;
  const watching = { kind: "watching", version: "1" } as const;

  it("each has a minute and a half to be heard again", () => {
    const [ear, node] = heard([NOW, NOW]);
    ear.note(failed, NOW + minute, 0);
    expect(ear.isDeaf()).toBe(true);
    ear.note(watching, NOW + 60 * minute, 0);
    expect(ear.isDeaf()).toBe(false);
    const after = [0, 1.5 * minute, 1.5 * minute + 1].map((ms) =>
      isSilent(ear, node, NOW + 60 * minute + ms),
    );
    expect(after).toEqual([false, false, true]);
  });

  it("a node that was silent before stays so", () => {
    const [ear, node] = heard([NOW - 4 * minute, NOW]);
    ear.note(failed, NOW, 0);
    ear.note(watching, NOW + minute, 0);
    expect(isSilent(ear, node, NOW + minute)).toBe(true);
  });

  it("a watch that brought nothing for so long was dead since then", () => {
    const [ear, node] = heard([NOW, NOW]);
    ear.note({ kind: "silent" }, NOW + 4 * minute, 100_000);
    ear.note(watching, NOW + 5 * minute, 100_000);
    expect(isSilent(ear, node, NOW + 5 * minute)).toBe(false);
  });

  it("so it is where this process stood still, or the clock was put forward", () => {
    const [ear, node] = heard([NOW, NOW]);
    ear.keepTime(NOW);
    ear.keepTime(NOW + 20 * minute);
    expect(isSilent(ear, node, NOW + 20 * minute)).toBe(false);
    ear.keepTime(NOW + 20 * minute + 5_000);
    expect(isSilent(ear, node, NOW + 22 * minute)).toBe(true);
  });
});
