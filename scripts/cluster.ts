/** A real Kubernetes on 127.0.0.1 to try things on: what scripts/cluster runs once all is there. */
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { startControlPlane } from "./lab/cluster/control-plane.ts";
import { kill, noted } from "./lab/cluster/daemon.ts";
import { ClusterError } from "./lab/cluster/errors.ts";
import { programPath, ROOT } from "./lab/cluster/programs.ts";

const USAGE = `usage: cluster up          starts an API server and etcd, ready in about three seconds
       cluster kubectl ARGS...   kubectl as the cluster's admin
       cluster kubeconfig        prints the path of the admin's kubeconfig
       cluster down              ends it and removes all that it has`;

/** One per checkout, unless somebody asks for another. */
const FOLDER = resolve(process.env["POD_QOS_PLAYGROUND"] ?? join(ROOT, ".cache/playground"));
const KUBECONFIG = join(FOLDER, "admin.kubeconfig");

const main = async ([command, ...args]: readonly string[]): Promise<number> => {
  switch (command) {
    case "up":
      return up();
    case "down":
      return down();
    case "kubeconfig":
      console.log(existing(KUBECONFIG));
      return 0;
    case "kubectl":
      return kubectl(args);
    case undefined:
    default:
      process.stderr.write(`${USAGE}\n`);
      return 2;
  }
};

const up = async (): Promise<number> => {
  if (existsSync(FOLDER)) {
    throw new ClusterError(`there is a cluster in ${FOLDER} already: ./scripts/cluster down ends it`);
  }
  const started = performance.now();
  const plane = await startControlPlane({ folder: FOLDER, outlivesUs: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`==> ${plane.server} is ready after ${seconds} s`);
  console.log(`    export KUBECONFIG=${plane.kubeconfig}`);
  plane.api.close();
  return 0;
};

const down = async (): Promise<number> => {
  await Promise.all(noted(FOLDER).map(kill));
  rmSync(FOLDER, { recursive: true, force: true });
  return 0;
};

const kubectl = async (args: readonly string[]): Promise<number> => {
  const env = { KUBECONFIG: existing(KUBECONFIG) };
  const { exitCode } = await execa(programPath("kubectl"), args, { env, stdio: "inherit", reject: false });
  return exitCode ?? 1;
};

const existing = (path: string): string => {
  if (!existsSync(path)) throw new ClusterError("there is no cluster here: ./scripts/cluster up starts one");
  return path;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`cluster: ${error.message}\n`);
  process.exitCode = 1;
}
