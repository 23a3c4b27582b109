/** 002-24: what is made of nodes while the watch of Nodes is down, by a fake server that takes it down on command. */
import { expect, it } from "vitest";
import { createPruner } from "../../../plugin/controller/prune.ts";
import { byLiveness } from "../../../plugin/controller/reports.ts";
import { followSources } from "../../../plugin/controller/sources.ts";
import { connect } from "../../../plugin/kube/connect.ts";
import { fakeSite, quick, until } from "../../lab/agent/api-follower.ts";
import { refuse } from "../../lab/agent/fake-api.ts";
import { emptyReport } from "../support/empty-report.ts";

const NODES = "/api/v1/nodes";
const QOSNODES = "/apis/pod-qos.io/v1alpha1/qosnodes";
const OBJECTS = ["/apis/k8s.ovn.org/v1/egressqoses", "/apis/k8s.ovn.org/v1alpha1/networkqoses"];
const silentAfterMs = 180_000;
const log = (): void => undefined;

const reported = () => ({
  metadata: { namespace: "" },
  status: { ...emptyReport, renewed: new Date().toISOString() },
});

/** Node a with its report, followed. */
async function followed() {
  const site = await fakeSite();
  const { api } = site;
  for (const path of [NODES, QOSNODES, ...OBJECTS]) api.serve(path, true);
  api.put(NODES, "a", { metadata: { namespace: "" } });
  api.put(QOSNODES, "a", reported());
  const connection = await connect({ kubeconfig: site.kubeconfig, timing: quick });
  const ending = new AbortController();
  const { signal } = ending;
  const options = { objects: "on", silentAfterMs } as const;
  const sources = followSources({ connection, options, log, signal, onChange: () => undefined });
  await until("all watches", () => api.watches().length === 4 && sources.missing() === undefined);
  const view = () => {
    const now = sources.view(performance.now());
    if (now === undefined) throw new Error(`no view: ${sources.missing()}`);
    return now;
  };
  return {
    api,
    sources,
    view,
    live: () => {
      const { reports, nodes } = view();
      const { live, unsure } = byLiveness(reports, nodes);
      return [...unsure, ...live].map(({ node }) => node);
    },
    /** The watch and each list after it fail, until it is served again. */
    loseNodes: async () => {
      api.give(NODES, (response) => refuse(response, 403, { reason: "Forbidden", message: "no" }));
      api.cut();
      await until(
        "its loss is known, and the others are back",
        () => sources.missing()?.startsWith("nodes cannot be watched") === true,
      );
    },
    /** The names of QoSNodes that are removed by then. */
    removedAfter: async (ms: number) => {
      const pruner = createPruner({ connection, log, signal });
      pruner.prune(view(), 0);
      pruner.prune(view(), ms);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return api.seen.filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1));
    },
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      connection.close();
      await site[Symbol.asyncDispose]();
    },
  };
}

it("while Nodes are watched, a report of a node that is not there counts for nothing and is removed", async () => {
  await using own = await followed();
  own.api.put(QOSNODES, "b", reported());
  await until("its report", () => own.sources.view(performance.now())?.reports.length === 2);
  expect(own.live()).toEqual(["a"]);
  expect(await own.removedAfter(2_000)).toEqual(["b"]);
});

it("while they are not, it may be a new node: it counts, it stays, and the page says why", async () => {
  await using own = await followed();
  await own.loseNodes();
  own.api.put(QOSNODES, "b", reported());
  await until("its report", () => own.sources.view(performance.now())?.reports.length === 2);
  expect(own.live()).toEqual(["a", "b"]);
  expect(own.sources.missing()).toBe("nodes cannot be watched: each node that reports counts as there");
  expect(await own.removedAfter(2_000)).toEqual([]);
});

it("afterwards it is as it was", async () => {
  await using own = await followed();
  await own.loseNodes();
  own.api.put(QOSNODES, "b", reported());
  await until("its report", () => own.sources.view(performance.now())?.reports.length === 2);
  own.api.give(NODES, undefined);
  await until("Nodes are watched", () => own.sources.missing() === undefined);
  expect(own.live()).toEqual(["a"]);
});
