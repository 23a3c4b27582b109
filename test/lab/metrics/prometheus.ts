/** A Prometheus on a lab node, which asks one address for figures each second. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { until } from "../agent/agent.ts";
import type { LabNode } from "../node/node.ts";

export type Sample = { readonly metric: Readonly<Record<string, string>>; readonly value: number };

export type Prometheus = {
  /** What an expression gives now. */
  readonly query: (expression: string) => Promise<readonly Sample[]>;
  /** Of each rule by name whether it could be evaluated, and its state. */
  readonly rules: () => Promise<readonly Rule[]>;
  readonly end: () => Promise<void>;
};

export type Rule = { readonly name: string; readonly health: string; readonly state: string };

export const startPrometheus = async (
  node: LabNode,
  target: string,
  ruleFile: string,
): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-prometheus-"));
  const conf = {
    global: { scrape_interval: "1s", evaluation_interval: "1s" },
    rule_files: [ruleFile],
    scrape_configs: [{ job_name: "pod-qos", static_configs: [{ targets: [target] }] }],
  };
  writeFileSync(join(folder, "prometheus.yml"), stringify(conf));
  const running = node.start(
    "prometheus",
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${ADDRESS}`,
    ],
    { timeoutMs: 600_000 },
  );
  const ask = async <Data>(path: string, args: readonly string[] = []): Promise<Data> => {
    const { stdout } = await node.exec("curl", ["-sG", ...args, `http://${ADDRESS}/api/v1/${path}`]);
    const answer = JSON.parse(stdout) as { readonly data?: Data; readonly error?: string };
    if (answer.data === undefined) throw new Error(`${args.join(" ")}: ${answer.error}`);
    return answer.data;
  };
  const query: Prometheus["query"] = async (expression) => {
    const { result } = await ask<Vector>("query", ["--data-urlencode", `query=${expression}`]);
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  };
  const isUp = async (): Promise<boolean> => {
    const up = await query("up").catch(() => []);
    return up.some(({ value }) => value === 1);
  };
  const end = async (): Promise<void> => {
    running.kill("SIGTERM");
    await running.done;
    rmSync(folder, { recursive: true });
  };
  try {
    await until(`Prometheus reads ${target}`, isUp, 30_000);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    query,
    rules: async () => (await ask<Groups>("rules")).groups.flatMap(({ rules }) => rules),
    end,
  };
};

const ADDRESS = "127.0.0.1:9090";

type Vector = {
  readonly result: readonly {
    readonly metric: Readonly<Record<string, string>>;
    readonly value: readonly [number, string];
  }[];
};
type Groups = { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
