/** When caps are others in the kernel, by its own word: the classes of our trees that hold them. */
import { endWithTest } from "../node/end-with-test.ts";
import type { Namespace } from "../node/process.ts";

export type CapTurn = {
  /** Milliseconds of the clock of the day. */
  readonly at: number;
  readonly device: string;
  /** As tc says it: 20Mbit. */
  readonly rate: string;
};

export type CapWatch = { readonly end: () => Promise<readonly CapTurn[]> };

/** Of the devices of one namespace. It hears what happens a moment after it was started. */
export const watchCaps = (ns: Namespace): CapWatch => {
  const running = endWithTest(
    ns.start("tc", ["-tshort", "monitor"], { env: { TZ: "UTC" }, timeoutMs: 600_000 }),
  );
  return {
    end: async () => {
      running.kill("SIGTERM");
      return turnsIn((await running.done).stdout);
    },
  };
};

/** "[2026-11-28T05:38:54.123456] class htb 905:1 dev eth0 root rate 20Mbit ceil 20Mbit burst ..." */
const turnsIn = (text: string): readonly CapTurn[] =>
  text.split("\n").flatMap((line) => {
    const [, day = "", device, rate] =
      /^\[(\S+?)\d{3}\] class htb 905:1 dev (\S+) .*?\brate (\S+)/.exec(line) ?? [];
    return device === undefined || rate === undefined ? [] : [{ at: Date.parse(`${day}Z`), device, rate }];
  });
