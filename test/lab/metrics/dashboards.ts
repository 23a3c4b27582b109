/** install/grafana, as far as Prometheus has to do with it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

export type Expression = { readonly panel: string; readonly text: string };

/** With the node, and a time for rates, in place of Grafana's variables. */
export const expressionsOf = (
  name: "node" | "cluster",
  node: string,
  interval: string,
): readonly Expression[] =>
  dashboardNamed(name).panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      panel: title,
      text: expr.replaceAll("$node", node).replaceAll("$__rate_interval", interval),
    })),
  );

/** Of the variables that a person chooses from, what Prometheus is asked for. */
export const choicesOf = (name: "node" | "cluster"): readonly string[] =>
  dashboardNamed(name).templating.list.flatMap(({ query }) =>
    typeof query === "string" ? [] : [query.query],
  );

const dashboardNamed = (name: string): Dashboard =>
  JSON.parse(
    readFileSync(resolve(import.meta.dirname, `../../../install/grafana/${name}.json`), "utf8"),
  ) as Dashboard;

type Dashboard = {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly query: string | { readonly query: string } }[];
  };
};
