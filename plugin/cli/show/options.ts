/** The arguments of `show` and `uplink`. Pure. */
import { defaultStateDir } from "../../cni/conf.ts";

export type Options = {
  readonly stateDir: string;
  readonly json: boolean;
  readonly watch: boolean;
  readonly intervalMs: number;
  /** After so many the watching ends; undefined: never. */
  readonly frames: number | undefined;
  readonly pod: string | undefined;
  readonly uplinksOnly: boolean;
  readonly which: "with limits" | "all";
};

/** What is wrong with the arguments, in words, or the options. */
export function readOptions(args: readonly string[]): Options | string {
  let options: Options = {
    stateDir: defaultStateDir,
    json: false,
    watch: false,
    intervalMs: 1000,
    frames: undefined,
    pod: undefined,
    uplinksOnly: false,
    which: "with limits",
  };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-")) {
      if (options.pod !== undefined)
        return `one name is enough: ${JSON.stringify(options.pod)}, ${JSON.stringify(word)}`;
      options = { ...options, pod: word };
      continue;
    }
    const next = option(options, word, rest);
    if (typeof next === "string") return next;
    options = next;
  }
  return options;
}

function option(options: Options, word: string, rest: string[]): Options | string {
  switch (word) {
    case "--json":
      return { ...options, json: true };
    case "--all":
      return { ...options, which: "all" };
    case "--watch":
      return { ...options, watch: true };
    case "--state-dir": {
      const stateDir = rest.shift();
      return stateDir?.startsWith("/") === true
        ? { ...options, stateDir }
        : "--state-dir takes an absolute path";
    }
    case "--interval": {
      const seconds = Number(rest.shift());
      return seconds >= 0.1 && seconds <= 3600
        ? { ...options, intervalMs: seconds * 1000 }
        : "--interval takes seconds, 0.1 to 3600";
    }
    case "--count": {
      const frames = Number(rest.shift());
      return Number.isInteger(frames) && frames > 0
        ? { ...options, frames }
        : "--count takes a number of frames";
    }
    default:
      return `unknown option ${word}: there are --all, --json, --watch, --interval SECONDS, --count N, --state-dir DIR`;
  }
}
