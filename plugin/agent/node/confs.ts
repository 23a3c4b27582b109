/** What the conf directory says of networks by now. Reads files, starts nothing. */
import { readFileSync } from "node:fs";
import { multusCaches, parseConflists, type Conflist } from "../../cni/conflist.ts";
import { readLeniently } from "../../cni/conf.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { invalidValue, messageOf } from "../../errors.ts";
import { namesIn } from "../../state/file.ts";

export type Confs = {
  /** Our entry, by the network's name; a network that is gone, broken or without pod-qos is not in it. */
  readonly entries: ReadonlyMap<string, JsonObject>;
  /** Directories in which a Multus keeps what it has added. */
  readonly caches: readonly string[];
  /** What is wrong in the directory, in sentences. */
  readonly faults: readonly string[];
};

export const noConfs: Confs = { entries: new Map(), caches: [], faults: [] };

export function readConfs(directory: string, stateDir: string): Confs {
  const entries = new Map<string, JsonObject>();
  const seen = new Set<string>();
  const caches: string[] = [];
  const faults: string[] = [];
  for (const file of conflistsIn(directory, faults)) {
    try {
      const text = readFileSync(`${directory}/${file}`, "utf8");
      caches.push(...multusCaches(text));
      for (const { network, entry } of conflistsOf(directory, text)) {
        // Of several files with one network a runtime takes the first.
        if (seen.has(network)) continue;
        seen.add(network);
        if (entry === undefined) continue;
        const { stateDir: its } = readLeniently(entry);
        if (its === stateDir) entries.set(network, entry);
        else faults.push(notServed(file, network, its, stateDir));
      }
    } catch (error) {
      faults.push(`${directory}/${file}: ${messageOf(error)}: pods of its network keep what they have`);
    }
  }
  return { entries, caches, faults };
}

function conflistsOf(directory: string, text: string): readonly Conflist[] {
  return parseConflists(text, (network) => dropInsOf(`${directory}/${network}`));
}

/** As libcni reads them: a directory of the network's name, each file the conf of one plugin. */
function dropInsOf(directory: string): readonly JsonObject[] {
  const files = namesIn(directory).filter((name) => name.endsWith(".conf"));
  return files.toSorted().map((name) => {
    const plugin: unknown = JSON.parse(readFileSync(`${directory}/${name}`, "utf8"));
    if (isObject(plugin)) return plugin;
    throw invalidValue(`${directory}/${name}`, plugin, "the conf of a plugin");
  });
}

/** The networks that say something else now, or nothing any more. */
export function networksThatDiffer(before: Confs, now: Confs): readonly string[] {
  const names = new Set([...before.entries.keys(), ...now.entries.keys()]);
  return [...names].filter(
    (name) => JSON.stringify(before.entries.get(name)) !== JSON.stringify(now.entries.get(name)),
  );
}

/** Where a conf or a record says that manifests are. */
export function policyDirOf(entry: JsonObject | undefined): string | undefined {
  const policyDir = isObject(entry) ? entry["policyDir"] : undefined;
  return typeof policyDir === "string" && policyDir.startsWith("/") ? policyDir : undefined;
}

/** In the order in which runtimes read them. */
function conflistsIn(directory: string, faults: string[]): readonly string[] {
  try {
    return namesIn(directory)
      .filter((name) => /\.(?:conflist|conf|json)$/.test(name))
      .toSorted();
  } catch (error) {
    faults.push(messageOf(error));
    return [];
  }
}

function notServed(file: string, network: string, its: string, stateDir: string): string {
  return `${file}: network ${network} has the state directory ${its}, and this agent ${stateDir}: its pods are not served`;
}
