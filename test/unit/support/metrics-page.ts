/** The lists of docs/metrics.md. */
import { textOf } from "./documents.ts";

export type Documented = {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
};

export function documentedMetrics(): readonly Documented[] {
  const rows = textOf("docs/metrics.md").matchAll(
    /^- `([a-z_]+)`, (counter|gauge|histogram)(?: by ([^:]*))?:\n {2}(.*)$/gm,
  );
  return [...rows].map(([, name = "", type = "", labels = "", help = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = ""]) => label),
    help,
  }));
}
