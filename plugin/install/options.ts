/** The options of `install` and `uninstall`. Pure. */
import { absolutePath, flag, under, word, type Values } from "../command-line/option.ts";
import { UsageError } from "../errors.ts";
import type { Way } from "./chain/model.ts";

const network = (about: string) => under("Where:", word("NAME", about));

const places = {
  "conf-dir": absolutePath("DIR", "the runtime's confs; default: found out, as the next one"),
  "bin-dir": absolutePath("DIR", "the runtime's plugins"),
  root: absolutePath("DIR", "the node's root directory, as a container sees it"),
  "dry-run": flag("say what would change, and change nothing"),
};

export const installTable = {
  watch: flag("go on: follow the primary's file until SIGTERM, and put back what is removed"),
  wait: flag("where there is no primary yet, wait for one"),
  executable: flag("the executable alone: whoever writes the chain puts pod-qos into it"),
  entry: word(
    "FILE",
    "our entry of the chain, or its JSON; default: the one that is there, or the plain one",
  ),
  "in-place": flag("into the primary's own file, which many primaries write anew"),
  "drop-in": flag("as a drop-in file of CNI 1.1, for containerd 2.1 and later"),
  network: network("default: the one that the runtime takes, or multus delegates to"),
  ...places,
};

export const uninstallTable = {
  release: flag("take limits, marks and classes off running pods: the default"),
  keep: flag("leave them until each pod ends, and run this again later"),
  reloaded: flag("you have seen that the runtime has loaded the conf without us; it cannot be asked"),
  "only-release": flag("release, and leave all files as they are"),
  "state-dir": absolutePath("DIR", 'default: the "stateDir" of the confs that go, and the usual one'),
  network: network("default: every network"),
  ...places,
};

export type Where = {
  readonly root: string;
  readonly confDir: string | undefined;
  readonly binDir: string | undefined;
  readonly network: string | undefined;
  readonly dryRun: boolean;
};

export type InstallOptions = Where & {
  readonly way: Way;
  /** Our entry as JSON, or a file with it. */
  readonly entry: string | undefined;
  readonly watch: boolean;
  readonly wait: boolean;
  readonly only: "all" | "executable";
};

export type UninstallOptions = Where & {
  readonly pods: "release" | "keep";
  /** undefined: the usual one, and those that the confs name. */
  readonly stateDir: string | undefined;
  readonly reloaded: boolean;
  readonly only: "all" | "release";
};

export function installOptions(values: Values<typeof installTable>): InstallOptions {
  const { "in-place": inPlace, "drop-in": dropIn, entry, watch, wait, executable } = values;
  if (watch && values["dry-run"]) throw new UsageError("--watch and --dry-run: one of them");
  if (wait && values["dry-run"]) throw new UsageError("--wait and --dry-run: one of them");
  if (executable && (watch || wait || inPlace || dropIn || entry !== undefined)) {
    throw new UsageError("--executable: it goes with nothing that is about the chain");
  }
  if (inPlace && dropIn) throw new UsageError("--in-place and --drop-in: one of them");
  const only = executable ? "executable" : "all";
  return {
    ...where(values),
    entry,
    watch,
    wait,
    only,
    way: inPlace ? "in-place" : dropIn ? "drop-in" : "own",
  };
}

export function uninstallOptions(values: Values<typeof uninstallTable>): UninstallOptions {
  const { release, keep, reloaded, "only-release": onlyRelease, "state-dir": stateDir } = values;
  if (release && keep) throw new UsageError("--release and --keep: one of them");
  return {
    ...where(values),
    stateDir,
    reloaded,
    pods: keep ? "keep" : "release",
    only: onlyRelease ? "release" : "all",
  };
}

function where(values: Values<typeof places & { readonly network: ReturnType<typeof network> }>): Where {
  const { root = "/", "conf-dir": confDir, "bin-dir": binDir, "dry-run": dryRun } = values;
  return { root: root.replace(/(?<=.)\/+$/, ""), confDir, binDir, network: values.network, dryRun };
}
