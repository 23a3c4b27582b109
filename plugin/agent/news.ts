/** What each kind of news asks of the queue. Pure. */
import type { ApiNews } from "./known.ts";
import type { KernelEvent } from "./monitors.ts";
import { onDevice } from "./records.ts";
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
  | { readonly kind: "kernel"; readonly event: KernelEvent; readonly nowMs: number }
  | { readonly kind: "ended"; readonly attachments: readonly string[]; readonly afterMs: number }
  | { readonly kind: "api"; readonly news: ApiNews };

export type Asked = { readonly task: Task; readonly why: string; readonly delayMs: number };

/** `chance`: from 0 to 1, for what is spread over a time. */
export function asksOf(world: World, news: News, chance: () => number): readonly Asked[] {
  switch (news.kind) {
    case "start":
      return Array.from(world.records.keys(), (attachment) => ({
        task: { kind: "decide", attachment },
        why: "the agent has started",
        delayMs: chance() * news.spreadMs,
      }));
    case "confs":
      return news.networks.flatMap((network) =>
        atOnce(tasksOfNetwork(world, network), `the conf of network ${network}`),
      );
    case "policies":
      return atOnce(tasksOfPolicyDir(world, news.directory), `files in ${news.directory}`);
    case "records":
      return atOnce(afterRecords(world, news.attachments), "its record");
    case "kernel":
      return afterEvent(world, news.event, news.nowMs);
    case "ended":
      return decide(news.attachments).map((task) => ({
        task,
        why: "its network namespace has ended",
        delayMs: news.afterMs,
      }));
    case "api":
      return afterApi(world, news.news);
  }
}

/** While the agent is at work ADD leaves it to it to change an uplink, also to a conf that the directory does not have. */
function afterRecords(world: World, attachments: readonly string[]): readonly Task[] {
  const unlisted = networksIn(world, attachments).filter((network) => !world.confs.entries.has(network));
  return [...decide(attachments), ...unlisted.map((network) => ({ kind: "uplink", network }) as const)];
}

/** What somebody changes in the kernel is often changed in several steps. */
const kernelSettlesMs = 500;
/** A device that was added this moment is being programmed: that tells nothing. */
const addedMs = 2_000;

function afterEvent(world: World, { device, what }: KernelEvent, nowMs: number): readonly Asked[] {
  const touched = onDevice(world.records, device);
  if (what === "link gone") return later(decide(touched), `link ${device} is gone`);
  const settled = touched.filter((key) => nowMs - (world.records.get(key)?.changedMs ?? 0) > addedMs);
  return later(
    [
      ...settled.map((attachment) => ({ kind: "look", attachment }) as const),
      ...networksOnUplink(world, device).map((network) => ({ kind: "uplink", network }) as const),
    ],
    `traffic control on ${device} was changed`,
  );
}

function afterApi(world: World, { pods, namespaces, surroundings }: ApiNews): readonly Asked[] {
  const of = (isAbout: (asked: { readonly uid?: string; readonly namespace?: string }) => boolean) =>
    [...world.records].flatMap(([key, { record }]) => (isAbout(record?.asked ?? {}) ? [key] : []));
  return [
    ...atOnce(
      decide(of(({ uid }) => uid !== undefined && pods.includes(uid))),
      "the pod's labels or annotations",
    ),
    ...atOnce(
      decide(of(({ namespace }) => namespace !== undefined && namespaces.includes(namespace))),
      "objects of its namespace",
    ),
    ...(surroundings ? atOnce(decide(of(() => true)), "labels of namespaces or networks") : []),
  ];
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
