/** What the controller follows: QoSNodes, Nodes, EgressQoS and NetworkQoS. */
import type { JsonObject } from "../cni/fields.ts";
import type { ObjectKind } from "../knowledge/compile.ts";
import type { Connection } from "../kube/connect.ts";
import { follow, type Change, type Followed, type Notice } from "../kube/follow.ts";
import { followOwned, type OwnedName } from "../kube/owned.ts";
import type { Resource } from "../kube/resource.ts";
import { isOlder } from "../kube/version.ts";
import type { Log } from "../log.ts";
import { qosNodeResource } from "../report/qos-node.ts";
import type { Options } from "./options.ts";
import { createReportSource } from "./report-source.ts";
import { createNoticeLog } from "./notice-log.ts";
import type { Newest } from "./reports.ts";
import { withItems, withReporting, type ClusterView, type QosObject } from "./view.ts";

export type Sources = {
  /** undefined while it cannot be known. */
  readonly view: (nowMs: number) => ClusterView | undefined;
  /** Why not, in a sentence. */
  readonly missing: () => string | undefined;
  /** How long until the view is another one by the time alone. */
  readonly untilNextMs: (nowMs: number) => number;
};

type Sourcing = {
  readonly connection: Connection;
  readonly options: Pick<Options, "objects" | "silentAfterMs">;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
};

const kinds: Readonly<Record<OwnedName, ObjectKind>> = {
  egressqoses: "EgressQoS",
  networkqoses: "NetworkQoS",
};

export function followSources(sourcing: Sourcing): Sources {
  const { connection, options, log, signal, onChange } = sourcing;
  /** Each as it is by now; not there: not known yet. An empty list where they are not ours. */
  const objects = new Map<OwnedName, readonly QosObject[]>();
  let nodes: ReadonlySet<string> | undefined;
  let areNodesWatched = true;
  const reports = createReportSource(options.silentAfterMs);
  const one = (resource: Resource, until: AbortSignal, taking: Taking): void => {
    const tell = createNoticeLog(log, resource.name);
    follow({
      connection,
      resource,
      signal: until,
      trim: taking.trim,
      onChange: (now, changes) => {
        if (now.isComplete && !until.aborted && taking.take(now, changes)) onChange();
      },
      onNotice: (notice) => {
        taking.onNotice?.(notice);
        tell(notice);
      },
    });
  };
  one({ ...nodeResource, isMetadataOnly: true }, signal, {
    trim: () => ({}),
    take: ({ items }) => {
      const before = nodes;
      nodes = new Set(items.keys());
      return before?.size !== nodes.size || [...nodes].some((name) => !before.has(name));
    },
    onNotice: ({ kind }) => {
      if (kind === "watching") areNodesWatched = true;
      if (kind === "failed" || kind === "silent") areNodesWatched = false;
    },
  });
  one(qosNodeResource, signal, {
    trim: reports.trim,
    take: ({ items }, changes) => reports.take(items.values(), changes, newestIn(objects)),
    onNotice: (notice) => reports.note(notice, connection.timing.silence),
  });
  for (const name of ["egressqoses", "networkqoses"] as const)
    void followOwned({
      connection,
      name,
      objects: options.objects,
      log,
      signal,
      follow: (resource, until) =>
        one(resource, until, {
          trim: withoutWeight,
          take: ({ items }) => {
            objects.set(
              name,
              withItems(kinds[name], objects.get(name) ?? [], items.values(), performance.now()),
            );
            return true;
          },
        }),
      onOthers: () => {
        objects.set(name, []);
        onChange();
      },
      onUnknown: () => undefined,
    });
  const missing = (): string | undefined => {
    const unknown = [
      ...(nodes === undefined ? ["nodes"] : []),
      ...(reports.qosNodes() === undefined ? ["qosnodes"] : []),
      ...(["egressqoses", "networkqoses"] as const).filter((name) => !objects.has(name)),
    ];
    if (unknown.length > 0) return `waiting for ${unknown.join(", ")} from the API`;
    if (reports.isCutOff()) return "qosnodes cannot be watched: no report can arrive";
    return areNodesWatched ? undefined : "nodes cannot be watched: each node that reports counts as there";
  };
  return {
    missing,
    untilNextMs: reports.untilNextMs,
    view: (nowMs) => {
      reports.keepTime(nowMs);
      const qosNodes = reports.qosNodes();
      if (nodes === undefined || qosNodes === undefined || reports.isCutOff()) return undefined;
      return {
        nodes: areNodesWatched ? nodes : withReporting(nodes, qosNodes),
        qosNodes,
        reports: reports.at(nowMs),
        objects: [...objects.values()].flat(),
      };
    },
  };
}

type Taking = {
  readonly trim: (object: JsonObject) => JsonObject;
  /** Whether it makes a difference. */
  readonly take: (now: Followed, changes: readonly Change[]) => boolean;
  readonly onNotice?: (notice: Notice) => void;
};

const nodeResource: Resource = { group: "", version: "v1", name: "nodes" };

function newestIn(objects: ReadonlyMap<OwnedName, readonly QosObject[]>): Newest {
  const of = (name: OwnedName): string =>
    (objects.get(name) ?? []).reduce(
      (newest, { since }) => (isOlder(newest, since.version) ? since.version : newest),
      "",
    );
  return { egressqoses: of("egressqoses"), networkqoses: of("networkqoses") };
}

function withoutWeight(object: JsonObject): JsonObject {
  const { metadata, spec, status } = object;
  return { metadata, spec, status };
}
