/**
 * Agents without a node: each follows the objects by watches of its own, decides its pods at once, and reports by the agent's own code.
 * A process of its own: `fake-agents.ts KUBECONFIG FIRST COUNT NAMESPACES`. Each writes "started" when all its agents have begun.
 */
import { writeQosNode } from "../../../plugin/agent/api/qos-node.ts";
import { followOne } from "../../../plugin/agent/api/following.ts";
import type { ResourceUpdate } from "../../../plugin/agent/api/resource-update.ts";
import type { Records } from "../../../plugin/agent/node/records.ts";
import { startReporter } from "../../../plugin/agent/status/reporting.ts";
import { hasOf, selecting } from "../../../plugin/agent/status/selection.ts";
import { createStandings } from "../../../plugin/agent/status/standings.ts";
import { withUpdate } from "../../../plugin/agent/view/update.ts";
import { apiViewOf, type ApiView } from "../../../plugin/agent/view/view.ts";
import { connect } from "../../../plugin/kube/connect.ts";
import { ownedResource } from "../../../plugin/kube/owned.ts";
import { emptySnapshot } from "../../../plugin/knowledge/snapshot.ts";
import { observedKinds } from "../../../plugin/report/qos-node.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { namespaceName, nodeName } from "./names.ts";

const [kubeconfig = "", first = "0", count = "0", namespaces = "0"] = process.argv.slice(2);
const { signal } = new AbortController();
const labels = { app: "scale" };
const synced = { state: "synced" } as const;

/** One pod in each namespace. */
const recordsOf = (node: string): Records =>
  new Map(
    Array.from({ length: Number(namespaces) }, (_, at) => {
      const record = recordOf(node, namespaceName(at));
      return [record.pod, { stamp: "", changedMs: 0, record }];
    }),
  );

const recordOf = (node: string, namespace: string): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: `${namespace}-${node}`, ifname: "eth0" },
  netns: "/run/netns/none",
  netnsId: "0:0",
  pod: `${namespace}/${node}`,
  facts: undefined,
  programs: [],
  asked: { namespace, name: node, uid: `${namespace}-${node}` },
});

const viewOf = (records: Records): ApiView => {
  const resources = {
    ...emptySnapshot.resources,
    pods: synced,
    namespaces: synced,
    "network-attachment-definitions": synced,
  };
  const pods = [...records.values()].flatMap(({ record }) => {
    const { uid = "", namespace = "", name = "" } = record?.asked ?? {};
    return [{ uid, namespace, name, labels, annotations: {} }];
  });
  return apiViewOf({ ...emptySnapshot, resources }, pods);
};

const ignore = (): void => undefined;

const begin = async (node: string): Promise<void> => {
  const connection = await connect({ kubeconfig });
  const records = recordsOf(node);
  const standings = createStandings();
  let view = viewOf(records);
  let inStep: () => void = ignore;
  const isInStep = (): boolean =>
    observedKinds.every((kind) => view.snapshot.resources[kind].state === "synced");
  const reporter = startReporter({
    options: { stateDir: "/nowhere" },
    log: (level, text) => console.log(`${node} ${level}: ${text}`),
    signal,
    metrics: { statusWrites: { inc: ignore } },
    states: { isInStep, whenStepChanges: (call) => (inStep = call) },
    standings,
    world: () => ({ view, records }),
  });
  const decideAll = (): void => {
    for (const attachment of records.keys()) standings.ask(attachment);
    for (const [attachment, { record }] of records)
      if (record !== undefined)
        standings.end(
          attachment,
          standings.begin(attachment),
          { kind: "good" },
          hasOf(selecting(view, record, labels)),
        );
  };
  const onUpdate = (update: ResourceUpdate): void => {
    const { objects } = view.snapshot;
    view = withUpdate(view, update);
    const isSame =
      objects.length === view.snapshot.objects.length &&
      objects.every((object, at) => object === view.snapshot.objects[at]);
    if (!isSame) decideAll();
    reporter.change();
    inStep();
  };
  reporter.use((status) => writeQosNode(connection, node, status, signal));
  for (const kind of observedKinds)
    followOne(
      { snapshot: () => view.snapshot, onUpdate, onNotice: ignore },
      connection,
      kind,
      ownedResource(kind),
      signal,
    );
};

const names = Array.from({ length: Number(count) }, (_, at) => nodeName(Number(first) + at));
for (const name of names) await begin(name);
console.log("started");
