import { expect } from "vitest";
import { noted } from "./figures.ts";
import { CROWDED, quiet } from "./machine.ts";

/** An emulated machine cannot see that others load the one under it: processor time is all that it counts. */
const seesItsLoad = process.env["POD_QOS_VM"] !== "1";

/**
 * Measures, and once more if the first missed. Where others use the processors meanwhile it waits for a quiet minute and may
 * measure a third time: a bug misses on a quiet machine too. `attempt` gives its complaints; none is a pass.
 */
export const twice = async (
  what: string,
  attempt: () => Promise<readonly string[]>,
  patienceSeconds = 60,
): Promise<void> => {
  let crowded = !seesItsLoad;
  for (let times = 1; ; times += 1) {
    const complaints = await attempt();
    if (complaints.length === 0) return;
    const { first, last } = await quiet(patienceSeconds);
    crowded ||= first > CROWDED;
    const said = `${what}, attempt ${times}: ${complaints.join("; ")}; ${busyness(first)}`;
    if (times === (crowded ? 3 : 2)) expect.fail(said);
    console.log(`measured again, for at first: ${said}${last < first ? `, then ${last.toFixed(1)}` : ""}`);
  }
};

const busyness = (crowding: number): string =>
  `bare Node took ${crowding.toFixed(1)} times its processor time` +
  (crowding > CROWDED ? ": others load this machine" : ", so the machine was quiet");

/** A complaint unless the value lies within the bounds; NaN never does. The figure is noted. */
export const within = (what: string, value: number, low: number, high: number): readonly string[] =>
  noted(what, value, { atLeast: low, atMost: high })
    ? []
    : [`${what} is ${value.toPrecision(4)}, not ${low} to ${high}`];
