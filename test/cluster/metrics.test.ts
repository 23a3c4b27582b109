/** What a live agent serves: the page against docs/metrics.md, and dashboards and alerts by a real Prometheus. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { until } from "../lab/agent/agent.ts";
import { agentNeeds } from "../lab/cluster/agent-plane.ts";
import { INSTALL, kubectl } from "../lab/cluster/installed.ts";
import { openLiveSite, type LiveSite } from "../lab/cluster/live-site.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { choicesOf, expressionsOf } from "../lab/metrics/dashboards.ts";
import { labelsIn } from "../lab/metrics/page.ts";
import { startPrometheus, type Prometheus } from "../lab/metrics/prometheus.ts";
import { suite } from "../lab/node/needs.ts";
import { bulkLabel, openUplinkSite, uplink200 } from "../lab/uplink/uplink.ts";
import { documentedMetrics } from "../unit/support/metrics-page.ts";

const needs = {
  ...agentNeeds,
  tools: [...agentNeeds.tools, "prometheus", "promtool", "ping"],
};
/** What Prometheus reads: an address of the node that is not the one of the probes. */
const TARGET = "203.0.113.1:9465";
const ALERTS = resolve(import.meta.dirname, "../../install/prometheus/alerts.yaml");

suite("the agent's figures", needs, () => {
  let site: LiveSite;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const { node, server4 } = await openUplinkSite();
    const conflist = podNetwork({ conf: { uplink: uplink200 } });
    site = await openLiveSite(node, conflist, { METRICS_LISTEN: `[${TARGET.replace(":", "]:")}` });
    const caps = { "pod-qos/egress-bandwidth": "20M", "pod-qos/ingress-bandwidth": "10M" };
    const { pod } = await site.run({ name: "web", annotations: caps });
    await site.run({ name: "bulk", annotations: caps, labels: bulkLabel });
    prometheus = await startPrometheus(node, TARGET, ALERTS);
    await pod.exec("ping", ["-c", "3", "-i", "0.2", server4]);
    // Two readings of the kernel's counters, which are five seconds apart, and a change between them.
    for (const rate of ["15M", "20M", "15M"]) {
      await site.patch("web", { annotations: { "pod-qos/egress-bandwidth": rate } });
      await sleep(2_500);
    }
  });
  afterAll(async () => {
    await prometheus?.end();
    await site?.end();
  });

  const limit = (direction: string): Promise<number> =>
    site.agent.metric(
      `pod_qos_pod_limit_bytes_per_second{namespace="default",pod="web",interface="eth0",direction="${direction}"}`,
    );
  const at = async (address: string, path: string): Promise<string> =>
    (await site.node.exec("curl", ["-s", "-w", "\n%{http_code}", `http://${address}${path}`])).stdout;

  test("each has the labels that the page names, and each that the page names is served", async () => {
    const served = labelsIn((await site.agent.page("/metrics")).text);
    const documented = new Map(documentedMetrics().map(({ name, labels }) => [name, new Set(labels)]));
    expect(new Map([...served].toSorted())).toEqual(new Map([...documented].toSorted()));
  });

  test("the node's address has them, and no other page", async () => {
    expect(await at(TARGET, "/metrics")).toMatch(/^pod_qos_build_info/m);
    expect(await at(TARGET, "/readyz")).toMatch(/the pages are \/metrics\n+404$/);
  });

  test("a pod's are what it has", async () => {
    await until("its limits", async () => (await limit("egress")) === 15e6 / 8, 10_000);
    expect(await limit("ingress")).toBe(10e6 / 8);
  });

  test.each(["node", "cluster"] as const)("no panel of the dashboard %s is empty", async (name) => {
    const empty: string[] = [];
    const expressions = expressionsOf(name, TARGET, "30s");
    for (const { panel, text } of expressions) {
      const found = await prometheus.query(text);
      if (found.every(({ value }) => Number.isNaN(value))) empty.push(`${panel}: ${text}`);
    }
    expect(empty).toEqual([]);
    expect(expressions.length).toBeGreaterThan(15);
  });

  test("the node that a person chooses is one that Prometheus knows", async () => {
    const choices = [...choicesOf("node"), ...choicesOf("cluster")];
    expect(choices).toHaveLength(1);
    for (const choice of choices) {
      const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(choice) ?? [];
      expect((await prometheus.query(series)).map(({ metric }) => metric[label])).toEqual([TARGET]);
    }
  });

  test("each alert can be evaluated, and none fires while all is well", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(alerts);
    expect(rules.filter(({ health, state }) => health !== "ok" || state !== "inactive")).toEqual([]);
  });

  test("the component sets the node's address, whichever family it is of", async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "pod-qos-component-")));
    const layer = {
      resources: [relative(folder, INSTALL)],
      components: [relative(folder, join(INSTALL, "components/metrics"))],
    };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(layer));
    const { all } = await kubectl(site.plane, ["kustomize", folder]);
    rmSync(folder, { recursive: true });
    const objects = parseAllDocuments(all).map((document) => document.toJS() as DaemonSet);
    const [pod] = objects.flatMap(({ kind, spec }) => (kind === "DaemonSet" ? [spec.template] : []));
    const [container] = pod?.spec.containers ?? [];
    // A variable knows those before it alone.
    expect(container?.env.slice(0, 2)).toEqual([
      { name: "NODE_ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
      { name: "METRICS_LISTEN", value: "[$(NODE_ADDRESS)]:9465" },
    ]);
    expect(container?.env.map(({ name }) => name)).toContain("NODE_NAME");
    expect(pod?.metadata.annotations).toMatchObject({ "prometheus.io/port": "9465" });
  });
});

type DaemonSet = {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { readonly env: readonly { readonly name: string }[] }[];
      };
    };
  };
};

type Rules = { readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[] };
const { groups } = parse(readFileSync(ALERTS, "utf8")) as Rules;
const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

suite("alerts", { tools: ["promtool"] }, () => {
  const tests = resolve(import.meta.dirname, "../lab/metrics/alerts.yaml");

  test("each fires by the figures that it is about, and not by others like them", async () => {
    const { all, exitCode } = await execa("promtool", ["test", "rules", tests], { all: true, reject: false });
    expect([exitCode, all]).toEqual([0, expect.stringContaining("SUCCESS")]);
  });

  test("of each there is a test, of both kinds", () => {
    const text = readFileSync(tests, "utf8");
    const { tests: all } = parse(text) as { readonly tests: readonly { readonly name: string }[] };
    expect(all.map(({ name }) => name)).toEqual(alerts.flatMap((name) => [name, `${name}: none`]));
  });
});
