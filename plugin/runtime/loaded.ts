/** Which chain a runtime has loaded, by what it says of itself. Pure. */
import { isObject, type JsonObject } from "../cni/fields.ts";
import { directoriesIn } from "./directories.ts";

export type Loaded = {
  readonly confDir: string | undefined;
  readonly binDirs: readonly string[];
  /** The first is the pods'. None: it has none, or does not say. */
  readonly chains: readonly LoadedChain[];
  /** Whether it would say which it has. */
  readonly reportsChain: boolean;
  /** What was wrong when it last read the conf directory. */
  readonly fault: string | undefined;
};

export type LoadedChain = { readonly network: string; readonly plugins: readonly JsonObject[] };

/** `info` of containerd: the values as `crictl info` prints them, or each as text. */
export function loadedByContainerd(info: Readonly<Record<string, unknown>>): Loaded {
  const config = asObject(info["cniconfig"]);
  const status = info["lastCNILoadStatus"];
  return {
    confDir: asText(config["PluginConfDir"]),
    binDirs: asList(config["PluginDirs"]).filter((each) => typeof each === "string"),
    chains: chainsIn(config),
    reportsChain: config["Networks"] !== undefined,
    fault: typeof status === "string" && status !== "OK" ? status : undefined,
  };
}

/** One is the loopback, where containerd does not make that itself. */
function chainsIn(config: JsonObject): readonly LoadedChain[] {
  return asList(config["Networks"])
    .filter(isObject)
    .map(({ Config }) => asObject(Config))
    .filter(({ Name }) => Name !== "cni-loopback")
    .map((list) => ({
      network: asText(list["Name"]) ?? "",
      plugins: asList(list["Plugins"])
        .filter(isObject)
        .map(({ Source }) => asObject(Source)),
    }));
}

/** `crio status config`, which names its directories. It does not say which chain it has. */
export function loadedByCrio(toml: string): Loaded {
  const { confDirs, binDirs } = directoriesIn(toml);
  return { confDir: confDirs[0], binDirs, chains: [], reportsChain: false, fault: undefined };
}

/** An object, or the JSON of one. */
function asObject(value: unknown): JsonObject {
  if (isObject(value)) return value;
  try {
    const parsed: unknown = typeof value === "string" ? JSON.parse(value) : undefined;
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
