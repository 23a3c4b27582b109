/** What the watcher in the VM has seen, and what of it must not be (pure). */

export const EVERY_MS = 20;
export const SEEN_FILE = "seen";
export const STOP_FILE = "stop";

export type Conf = {
  readonly name: string;
  readonly sha256: string;
  /** undefined: it does not parse. */
  readonly types: readonly string[] | undefined;
  /** Of a conflist of ours: the sha256 of what it was made from. */
  readonly from: string | undefined;
  /** Types whose executable is not there or may not be run. */
  readonly missing: readonly string[] | undefined;
};

export type Sight = {
  /** What the runtime takes. */
  readonly first: Conf | undefined;
  /** sha256 of the primary's conf. */
  readonly primary: string | undefined;
  /** pod-qos in the bin directory: which file it is. */
  readonly executable: string | undefined;
};

export type Line =
  | { readonly kind: "sight"; readonly atMs: number; readonly sight: Sight }
  | { readonly kind: "sum"; readonly executable: string; readonly sha256: string }
  | { readonly kind: "end"; readonly samples: number; readonly longestMs: number };

export const linesIn = (text: string): readonly Line[] =>
  text
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line);

export type Allowed = {
  /** Of a whole build each. */
  readonly builds: readonly string[];
  /** Of confs that the primary may have. */
  readonly primaries: readonly string[];
};

/** In words, each once. */
export const faultsIn = (lines: readonly Line[], { builds, primaries }: Allowed): readonly string[] => {
  const sums = new Map(
    lines.flatMap((line) => (line.kind === "sum" ? [[line.executable, line.sha256] as const] : [])),
  );
  const faults = lines.flatMap((line): readonly string[] => {
    if (line.kind !== "sight" || line.sight.first === undefined) return [];
    const { first, executable = "" } = line.sight;
    const { name, types, missing = [], from } = first;
    if (types === undefined) return [`${name} does not parse`];
    const sum = sums.get(executable) ?? "of a file without a sum";
    return [
      ...missing.map((type) => `${name} names ${type}, which is not there`),
      ...(types.includes("pod-qos") && !builds.includes(sum)
        ? [`the executable is no whole build: ${sum}`]
        : []),
      ...(primaries.includes(first.sha256) || (from !== undefined && types.includes("pod-qos"))
        ? []
        : [`${name} is neither the primary's nor ours`]),
    ];
  });
  return [...new Set(faults)];
};

/** When our conflist was first made from what the primary's conf is at the end, and since when that is so; undefined: not yet. */
export const healedIn = (
  lines: readonly Line[],
): { readonly sinceMs: number; readonly ms: number } | undefined => {
  const sights = lines.filter((line) => line.kind === "sight");
  const last = sights.at(-1)?.sight.primary;
  const others = sights.findLastIndex(({ sight }) => sight.primary !== last);
  const since = sights[others + 1];
  const healed = sights.slice(others + 1).find(({ sight }) => sight.first?.from === last);
  if (since === undefined || healed === undefined) return undefined;
  return { sinceMs: since.atMs, ms: healed.atMs - since.atMs };
};
