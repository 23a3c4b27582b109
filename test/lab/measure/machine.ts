/** Whether this machine has a processor to spare: what tells a bug from a machine that others load. */
import { execa } from "execa";

/**
 * How many times its processor time a bare Node takes for a fifth of a second of work: 1 on a quiet machine, 2 where it gets a
 * processor half of the time.
 */
export const crowding = async (): Promise<number> => {
  const { stdout } = await execa(process.execPath, ["--input-type=commonjs", "-e", WORK], {
    env: { NODE_OPTIONS: "" },
    timeout: 60_000,
  });
  return Math.max(1, Number(stdout));
};

/** One thread works, so both clocks see the same; what V8 does beside it is no wait. */
const WORK = `
const [began, before] = [performance.now(), process.cpuUsage()];
const used = () => { const { user, system } = process.cpuUsage(before); return (user + system) / 1000; };
while (used() < 200);
console.log((performance.now() - began) / used());
`;

/** More than this, and others use the processors that a measurement needs. */
export const CROWDED = 1.25;

/** How crowded it is, and how crowded once it is quiet or these seconds are over. */
export const quiet = async (seconds: number): Promise<{ readonly first: number; readonly last: number }> => {
  const end = performance.now() + seconds * 1000;
  const first = await crowding();
  let last = first;
  while (last > CROWDED && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    last = await crowding();
  }
  return { first, last };
};
