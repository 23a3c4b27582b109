/** A page in Prometheus' format: each metric with the names of its labels (pure). */
export const labelsIn = (page: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Map(
    types.flatMap(([, name = "", type]) => {
      const sample = new RegExp(`^${name}${type === "histogram" ? "_bucket" : ""}(?:\\{(.*)\\})? `, "gm");
      const samples = [...page.matchAll(sample)];
      if (samples.length === 0) return [];
      const labels = samples.flatMap(([, text = ""]) =>
        [...text.matchAll(/([a-z_]+)="(?:[^"\\]|\\.)*"/g)].map(([, label = ""]) => label),
      );
      return [[name, new Set(labels.filter((label) => label !== "le"))] as const];
    }),
  );
};
