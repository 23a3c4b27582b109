/** What each kind of news asks of the queue. Pure. */
import type { AttachmentRecord } from "../state/record.ts";
import { nameOf, type ApiChanges } from "./view/changes.ts";
import type { KernelEvent } from "./node/monitors.ts";
import { networksOf, onDevice } from "./node/records.ts";
import { unrecorded } from "./unrecorded.ts";
import {
  networksIn,
  networksOnUplink,
  tasksOfNetwork,
  tasksOfPolicyDir,
  type Task,
  type World,
} from "./world.ts";

export type News =
  | { readonly kind: "start"; readonly spreadMs: number }
  | { readonly kind: "confs"; readonly networks: readonly string[] }
  | { readonly kind: "policies"; readonly directory: string }
  | { readonly kind: "records"; readonly attachments: readonly string[] }
  /** Files of runtimes that are new or others. */
  | { readonly kind: "cached"; readonly paths: readonly string[] }
  | { readonly kind: "kernel"; readonly event: KernelEvent; readonly nowMs: number }
  | { readonly kind: "ended"; readonly attachments: readonly string[]; readonly afterMs: number }
  /** Of the round: not as they should be. */
  | { readonly kind: "suspects"; readonly attachments: readonly string[] }
  /** By a pod of this network. */
  | { readonly kind: "former class left"; readonly network: string }
  /** A pod's record of this network has another uplink: no event reports a change of rules alone. */
  | { readonly kind: "another uplink"; readonly network: string }
  /** Pods that their rules name have other addresses. */
  | { readonly kind: "destinations"; readonly attachments: readonly string[] }
  | { readonly kind: "api"; readonly changes: ApiChanges };

export type Asked = { readonly task: Task; readonly why: string; readonly delayMs: number };

/** Why an uplink is settled again that was settled. */
export const pastClasses = "classes that its conf has no more";

/** `chance`: from 0 to 1, for what is spread over a time. */
export function asksOf(world: World, news: News, chance: () => number): readonly Asked[] {
  switch (news.kind) {
    case "start":
      return afterStart(world, news.spreadMs, chance);
    case "confs":
      return news.networks.flatMap((network) => [
        ...atOnce(tasksOfNetwork(world, network), `the conf of network ${network}`),
        ...adopt(unrecorded(world, [network])),
      ]);
    case "policies":
      return atOnce(tasksOfPolicyDir(world, news.directory), `files in ${news.directory}`);
    case "records":
      return atOnce(afterRecords(world, news.attachments), "its record");
    case "cached": {
      const paths = new Set(news.paths);
      return adopt(unrecorded(world).filter((path) => paths.has(path)));
    }
    case "kernel":
      return afterEvent(world, news.event, news.nowMs);
    case "ended":
      return decide(news.attachments).map((task) => ({
        task,
        why: "its network namespace has ended",
        delayMs: news.afterMs,
      }));
    case "suspects":
      return atOnce(
        news.attachments.map((attachment) => ({ kind: "look", attachment })),
        "its turn",
      );
    case "former class left":
      return atOnce([{ kind: "uplink", network: news.network }], pastClasses);
    case "another uplink":
      // After an edit of the conf it is so with each of its pods.
      return later([{ kind: "uplink", network: news.network }], "a pod was added by another conf");
    case "destinations":
      return atOnce(decide(news.attachments), "addresses of pods that its rules name");
    case "api":
      return afterApi(world, news.changes);
  }
}

/**
 * Uplinks first, as everywhere: a pod may be about to join a class that is new. And what a former agent was ended at is taken
 * away now, not when its turn comes.
 */
function afterStart(world: World, spreadMs: number, chance: () => number): readonly Asked[] {
  const why = "the agent has started";
  const uplinks = networksOf(world.records).map((network) => ({ kind: "uplink", network }) as const);
  const pods = decide([...world.records.keys()]);
  return [
    ...atOnce([...uplinks, { kind: "sweep" }], why),
    ...pods.map((task) => ({ task, why, delayMs: chance() * spreadMs })),
    ...adopt(unrecorded(world)),
  ];
}

/** While the agent is at work ADD leaves it to it to change an uplink, also to a conf that the directory does not have. */
function afterRecords(world: World, attachments: readonly string[]): readonly Task[] {
  const unlisted = networksIn(world, attachments).filter((network) => !world.confs.entries.has(network));
  return [...decide(attachments), ...unlisted.map((network) => ({ kind: "uplink", network }) as const)];
}

/** What somebody changes in the kernel is often changed in several steps. */
const kernelSettlesMs = 500;
/** The kernel also reports what an ADD is programming at this moment. That is looked at when ADD is done. */
const addedMs = 2_000;

function afterEvent(world: World, { device, what }: KernelEvent, nowMs: number): readonly Asked[] {
  const touched = onDevice(world.records, device);
  if (what === "link gone") return later(decide(touched), `link ${device} is gone`);
  const why = `traffic control on ${device} was changed`;
  const looks = touched.map((attachment) => ({
    task: { kind: "look", attachment } as const,
    why,
    delayMs: Math.max(kernelSettlesMs, addedMs - (nowMs - (world.records.get(attachment)?.changedMs ?? 0))),
  }));
  const uplinks = networksOnUplink(world, device).map((network) => ({ kind: "uplink", network }) as const);
  return [...looks, ...later(uplinks, why)];
}

function afterApi(world: World, changes: ApiChanges): readonly Asked[] {
  const { pods, newNames, namespaces, ofNamespaces, surroundings } = changes;
  const of = (isAbout: (asked: Recorded) => boolean) =>
    [...world.records].flatMap(([key, { record }]) => (isAbout(record?.asked ?? {}) ? [key] : []));
  return [
    ...atOnce(
      decide(of(({ uid }) => uid !== undefined && pods.includes(uid))),
      "the pod's labels or annotations",
    ),
    ...atOnce(
      decide(of((asked) => !pods.includes(asked.uid ?? "") && newNames.includes(nameOf(asked)))),
      "another pod of its name",
    ),
    ...atOnce(
      decide(of(({ namespace }) => namespace !== undefined && namespaces.includes(namespace))),
      "objects of its namespace",
    ),
    ...atOnce(
      decide(of(({ namespace }) => namespace !== undefined && ofNamespaces.includes(namespace))),
      "its namespace's labels or annotations",
    ),
    ...(surroundings
      ? [...atOnce(decide(of(() => true)), "networks, or labels of namespaces"), ...adopt(unrecorded(world))]
      : []),
  ];
}

type Recorded = NonNullable<AttachmentRecord["asked"]>;

function adopt(paths: readonly string[]): readonly Asked[] {
  return atOnce(
    paths.map((path) => ({ kind: "adopt", path })),
    "it has no record",
  );
}

function later(tasks: readonly Task[], why: string): readonly Asked[] {
  return tasks.map((task) => ({ task, why, delayMs: kernelSettlesMs }));
}

function decide(attachments: readonly string[]): readonly Task[] {
  return attachments.map((attachment) => ({ kind: "decide", attachment }));
}

function atOnce(tasks: readonly Task[], why: string): readonly Asked[] {
  return tasks.map((task) => ({ task, why, delayMs: 0 }));
}
