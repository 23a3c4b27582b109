/** What ends a wait, and what does not end it yet. */
import { expect, it } from "vitest";
import { pause } from "../../../plugin/kube/pause.ts";

const never = new AbortController().signal;
const seconds = async (waiting: Promise<void>): Promise<number> => {
  const from = performance.now();
  await waiting;
  return (performance.now() - from) / 1000;
};
/** Calls after so many milliseconds. */
const calling =
  (...afterMs: readonly number[]) =>
  (call: () => void): (() => void) => {
    const timers = afterMs.map((one) => setTimeout(call, one));
    return () => timers.forEach(clearTimeout);
  };

it("a call ends it", async () => {
  expect(await seconds(pause(60_000, never, calling(20)))).toBeLessThan(30);
});

it("a call before the least is kept until then, and further calls change nothing", async () => {
  const waited = await seconds(pause(60_000, never, calling(1, 50, 100), 300));
  expect(waited).toBeGreaterThan(0.29);
  expect(waited).toBeLessThan(30);
});

it("a least beyond the whole makes it no longer", async () => {
  expect(await seconds(pause(100, never, calling(1), 60_000))).toBeLessThan(30);
});

it("the signal ends it before the least", async () => {
  const end = new AbortController();
  setTimeout(() => end.abort(), 20);
  expect(await seconds(pause(60_000, end.signal, calling(1), 60_000))).toBeLessThan(30);
});
