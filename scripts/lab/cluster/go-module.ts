/** The module that builds programs of Kubernetes (pure). */

/**
 * `go install k8s.io/kubernetes/...` is refused: its go.mod replaces the modules of its `staging` folder by that folder. Each of
 * them is published too, as v0 of the same minor and patch number.
 */
export const goMod = (version: string, upstream: string): string => {
  const staging = [...upstream.matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging\//gm)].map(([, path]) => path);
  const published = `v0${version.slice(version.indexOf("."))}`;
  const goLine = /^go \S+$/m.exec(upstream)?.[0] ?? "go 1.26.0";
  const debugLine = /^godebug \S+$/m.exec(upstream)?.[0] ?? "";
  return [
    "module cluster",
    goLine,
    debugLine,
    `require k8s.io/kubernetes v${version}`,
    "replace (",
    ...staging.map((path) => `\t${path} => ${path} ${published}`),
    ")",
    "",
  ].join("\n");
};
