/** What a verb loads before its first line counts for every pod: nothing that is the agent's may be among it. */
import { build, type Plugin } from "esbuild";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Files and modules that are loaded with the entry, so far as no dynamic import brings them. */
async function loadedWith(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, entry)],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    packages: "external",
    plugins: [leftOut],
  });
  const inputs = Object.entries(metafile.inputs);
  const outside = inputs.flatMap(([, { imports }]) =>
    imports
      .filter(({ external, kind }) => external === true && kind !== "dynamic-import")
      .map(({ path }) => path),
  );
  return [...inputs.map(([path]) => path), ...outside];
}

const leftOut: Plugin = {
  name: "dynamic imports left out",
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

const AGENTS =
  /^plugin\/(kube|agent)\/|^plugin\/knowledge\/decode|^zod|node_modules\/zod|@kubernetes\/|prom-client|^(node:)?(http|https|http2|net|tls|dgram)$/;

describe("what is loaded with", () => {
  it.each([
    "main",
    "verbs/add",
    "attachment/make-programs",
    "verbs/del",
    "verbs/check",
    "verbs/gc",
    "verbs/status",
  ])("plugin/%s.ts is nothing of the agent", async (entry) => {
    const loaded = await loadedWith(`plugin/${entry}.ts`);
    expect(loaded).toContain(`plugin/${entry}.ts`);
    expect(loaded.filter((path) => AGENTS.test(path))).toEqual([]);
  });

  it("plugin/kube/connect.ts is seen by this test", async () => {
    const loaded = await loadedWith("plugin/kube/connect.ts");
    expect(loaded.filter((path) => AGENTS.test(path))).toEqual(
      expect.arrayContaining(["plugin/kube/connect.ts", "node:https"]),
    );
    expect(loaded.filter((path) => path.includes("client-node"))).toEqual([]);
  });
});
