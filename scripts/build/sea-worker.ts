/**
 * Started by sea.ts as `sea-worker.ts <arch> <node version> <bundle> <output>`: one call of pkg.
 *
 * lib-es5/sea is not pkg's public interface; package.json pins the version that this was read against and
 * test/e2e/build.test.ts holds what it has to give.
 */
import { basename } from "node:path";
import pkg from "@yao-pkg/pkg/lib-es5/sea.js";
import { isArch } from "./project.ts";

const [arch = "", nodeVersion = "", bundle = "", output = ""] = process.argv.slice(2);
if (!isArch(arch)) throw new Error(`unknown architecture ${arch}`);

const seaConfig = {
  // The executable keeps this path. pkg would write an absolute one, and every checkout would give other bytes. It is
  // resolved from pkg's directory for temporary files, which lies beside the bundle.
  main: `../${basename(bundle)}`,
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  // It gains nothing for a bundle of this size, and no two builds would be equal.
  useCodeCache: false,
  // NODE_OPTIONS of the runtime is not for us: a bad value in it would stop every pod of the node.
  execArgvExtension: "none",
  // The second: an /etc/ssl/openssl.cnf that OpenSSL cannot read ends Node before our first line.
  execArgv: ["--no-warnings", "--openssl-config=/dev/null"],
};

await pkg.default(bundle, {
  signature: false,
  targets: [{ nodeRange: `node${nodeVersion}`, platform: "linux", arch, output }],
  seaConfig,
});
