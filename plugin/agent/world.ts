/** What the agent knows of its node by now, as one value, and what follows from a change of it. Pure but for the reading. */
import type { JsonObject } from "../cni/fields.ts";
import { noConfs, policyDirOf, type Confs } from "./node/confs.ts";
import type { CachedResults } from "../runtime/cached-results.ts";
import { definedConfOf } from "./view/defined-conf.ts";
import type { ApiView } from "./view/view.ts";
import { lastConfOf, networksOf, policyDirsOf, recordsOf, type Records } from "./node/records.ts";
import type { AttachmentRecord } from "../state/record.ts";

export type World = {
  readonly confs: Confs;
  readonly records: Records;
  /** undefined where no API is followed. */
  readonly view: ApiView | undefined;
  /** By policy directory, as far as these have been read: whether an object there asks for labels of networks. */
  readonly files: ReadonlyMap<string, boolean>;
  /** What runtimes have added and not deleted; empty where none is to be adopted. */
  readonly cached: CachedResults;
  /** Attachments that had a record since the agent has started and have none any more, and since when: a DEL may be going on. */
  readonly deleted: ReadonlyMap<string, number>;
};

export const emptyWorld: World = {
  confs: noConfs,
  records: new Map(),
  view: undefined,
  files: new Map(),
  cached: new Map(),
  deleted: new Map(),
};

/** What the queue's keys name. */
export type Task =
  | { readonly kind: "decide" | "look"; readonly attachment: string }
  /** The round's: several in one go. */
  | { readonly kind: "looks"; readonly attachments: readonly string[] }
  | { readonly kind: "uplink"; readonly network: string }
  /** What a runtime has added, and has no record. */
  | { readonly kind: "adopt"; readonly path: string }
  | { readonly kind: "sweep" };

export function nameOfTask(task: Task): string {
  switch (task.kind) {
    case "decide":
    case "look":
      return `${task.kind} ${task.attachment}`;
    case "looks":
      return `looks ${task.attachments.join("\n")}`;
    case "uplink":
      return `uplink ${task.network}`;
    case "adopt":
      return `adopt ${task.path}`;
    case "sweep":
      return "sweep";
  }
}

export function taskNamed(name: string): Task {
  const [kind = "", rest = ""] = name.split(/ (.*)/s);
  if (kind === "decide" || kind === "look") return { kind, attachment: rest };
  if (kind === "looks") return { kind, attachments: rest.split("\n") };
  if (kind === "adopt") return { kind, path: rest };
  return kind === "uplink" ? { kind, network: rest } : { kind: "sweep" };
}

/** The uplink first: a pod may be about to join a class that is new. */
export function tasksOfNetwork({ records }: World, network: string): readonly Task[] {
  const own = [...records].filter(([, { record }]) => record?.identity.network === network);
  return [
    ...(own.length === 0 ? [] : [{ kind: "uplink", network } as const]),
    ...own.map(([attachment]) => ({ kind: "decide", attachment }) as const),
  ];
}

export function tasksOfPolicyDir(world: World, directory: string): readonly Task[] {
  return [...world.records].flatMap(([attachment, { record }]) => {
    const conf = record && (presentConfOf(world, record) ?? record.asked?.conf);
    return policyDirOf(conf) === directory ? [{ kind: "decide", attachment } as const] : [];
  });
}

/** All that a round reads back, in its order. */
export function tasksOfRound({ records }: World): readonly Task[] {
  return [
    ...networksOf(records).map((network) => ({ kind: "uplink", network }) as const),
    ...Array.from(records.keys(), (attachment) => ({ kind: "look", attachment }) as const),
    { kind: "sweep" },
  ];
}

export function policyDirs({ confs, records }: World): ReadonlySet<string> {
  const ofConfs = [...confs.entries.values()].flatMap((entry) => policyDirOf(entry) ?? []);
  return new Set([...ofConfs, ...policyDirsOf(records)]);
}

/** undefined while one of the directories has not been read. */
export function filesSelectNetworks(world: World): boolean | undefined {
  const said = new Set(Array.from(policyDirs(world), (directory) => world.files.get(directory)));
  return said.has(true) ? true : said.has(undefined) ? undefined : false;
}

/** By the conf directory, else by the definition that made the attachment; undefined: as it was asked last. */
export function presentConfOf(
  { confs, view }: World,
  record: Pick<AttachmentRecord, "identity" | "asked">,
): JsonObject | undefined {
  return confs.entries.get(record.identity.network) ?? (view && definedConfOf(view, record));
}

/** Where definitions of one name say this and that, it is what was asked last. */
export function confOf({ confs, records, view }: World, network: string): JsonObject | undefined {
  const listed = confs.entries.get(network);
  if (listed !== undefined || view === undefined) return listed ?? lastConfOf(records, network);
  const defined = recordsOf(records, network)
    .map((record) => definedConfOf(view, record))
    .filter((conf) => conf !== undefined);
  const isOne = new Set(defined.map((conf) => JSON.stringify(conf))).size === 1;
  return isOne ? defined[0] : lastConfOf(records, network);
}

/** Devices of uplinks that attachments here are in. */
export function networksOnUplink({ records }: World, device: string): readonly string[] {
  const own = recordsOf(records).filter(({ membership }) => membership?.device === device);
  return [...new Set(own.map(({ identity }) => identity.network))];
}

export function networksIn({ records }: World, attachments: readonly string[]): readonly string[] {
  return [...new Set(attachments.flatMap((each) => records.get(each)?.record?.identity.network ?? []))];
}
