/** What a runtime calls for a pod while the agent changes it, and is ended. */
import { setTimeout as pause } from "node:timers/promises";
import type { PluginResult } from "../plugin/plugin.ts";
import { uidOf } from "./by-api.ts";
import { inputAfter, type History } from "./history.ts";
import type { Means } from "./means.ts";
import { succeeded } from "./play.ts";
import { callFor, type Seat } from "./site.ts";
import type { Deed, Turn } from "./turn.ts";

type Called = { readonly seat: Seat; readonly turn: Turn; readonly history: History };

/** `seats`: all of the node, which a GC lists. */
export const callAll = async (
  called: Called,
  means: Pick<Means, "call">,
  seats: readonly Seat[],
): Promise<void> => {
  const { deeds, deedsFrom } = called.turn;
  await pause(deedsFrom === "the agent's work" ? 0 : deedsFrom);
  for (const { deed, pauseMs } of deeds) {
    await pause(pauseMs);
    await succeeded(() => call(called, means, seats, deed), deed);
  }
};

const call = (
  { seat, turn: { after }, history }: Called,
  means: Pick<Means, "call">,
  seats: readonly Seat[],
  deed: Deed,
): Promise<PluginResult> => {
  const { input } = inputAfter(history);
  const gc = (valid: readonly Seat[]): Promise<PluginResult> => {
    const own = valid.filter(({ network }) => network === seat.network);
    const list = own.map(({ pod }) => ({ containerID: pod.containerId, ifname: "eth0" }));
    return callFor(seat, "GC", input, { "cni.dev/valid-attachments": list }, uidOf(seat.pod.name), false);
  };
  switch (deed) {
    case "ADD":
      return means.call(seat, "ADD", input, after);
    case "old ADD":
      return means.call(seat, "ADD", history.start, after);
    case "DEL":
      return means.call(seat, "DEL", input, after);
    case "GC":
      return gc(seats.filter((each) => each !== seat));
    case "GC of others":
      return gc(seats);
  }
};
