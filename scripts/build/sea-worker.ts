/**
 * Started by sea.ts as `sea-worker.ts <arch> <node version> <loader> <output> <assets>`: one call of pkg.
 *
 * lib-es5/sea is not pkg's public interface; package.json pins the version that this was read against and
 * test/e2e/build.test.ts holds what it has to give.
 */
import { basename } from "node:path";
import pkg from "@yao-pkg/pkg/lib-es5/sea.js";
import { isArch } from "./project.ts";

const [arch = "", nodeVersion = "", loader = "", output = "", assets = "{}"] = process.argv.slice(2);
if (!isArch(arch)) throw new Error(`unknown architecture ${arch}`);

const seaConfig = {
  // The executable keeps this path. pkg would write an absolute one, and every checkout would give other bytes. It is
  // resolved from pkg's directory for temporary files, which lies beside the loader.
  main: `../${basename(loader)}`,
  // Of these it keeps the names and the contents.
  assets: JSON.parse(assets) as Record<string, string>,
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  // Of the loader; code-cache.ts makes those of the parts.
  useCodeCache: false,
  // NODE_OPTIONS of the runtime is not for us: a bad value in it would stop every pod of the node.
  execArgvExtension: "none",
  // The second: an /etc/ssl/openssl.cnf that OpenSSL cannot read ends Node before our first line. The third, in MB: V8 would begin
  // with one, which ADD fills while a pod waits, and collecting it takes 1.5 ms. The last two are for the agent: when it lists a full
  // node, V8 would let that grow to twice 16 and keep it, and four threads of its own would each keep some memory as well.
  execArgv: [
    "--no-warnings",
    "--openssl-config=/dev/null",
    "--min-semi-space-size=4",
    "--max-semi-space-size=4",
    "--v8-pool-size=1",
  ],
};

await pkg.default(loader, {
  signature: false,
  targets: [{ nodeRange: `node${nodeVersion}`, platform: "linux", arch, output }],
  seaConfig,
});
