/** The options of `show` and `uplink`. Pure. */
import { defaultStateDir } from "../../cni/conf.ts";
import { absolutePath, flag, value, wholeNumber, type Values } from "../../command-line/option.ts";

export type Options = {
  readonly stateDir: string;
  readonly json: boolean;
  readonly watch: boolean;
  readonly intervalMs: number;
  /** After so many the watching ends; undefined: never. */
  readonly frames: number | undefined;
  readonly which: "with limits" | "all";
};

export const common = {
  json: flag("for scripts, and in full"),
  "state-dir": absolutePath("DIR", `default ${defaultStateDir}: the "stateDir" of the confs`),
};

export const table = {
  all: flag("also pods that have neither limit nor mark nor class: each has a record"),
  watch: flag("drawn again every second"),
  interval: value("SECONDS", "between two frames, 0.1 to 3600; default 1", "seconds, 0.1 to 3600", seconds),
  count: wholeNumber("frames to watch; default: until it is ended", 1, 999_999_999),
  ...common,
};

export function optionsFrom(values: Values<typeof table>): Options {
  const { json, watch, all, interval = 1, count, "state-dir": stateDir = defaultStateDir } = values;
  return {
    stateDir,
    json,
    watch,
    intervalMs: interval * 1000,
    frames: count,
    which: all ? "all" : "with limits",
  };
}

function seconds(given: string): number | undefined {
  const number = given === "" ? Number.NaN : Number(given);
  return number >= 0.1 && number <= 3600 ? number : undefined;
}
