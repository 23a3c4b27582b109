/** A real Kubernetes on 127.0.0.1 to try things on: what scripts/cluster runs once all is there. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { startControlPlane, type ControlPlane } from "./lab/cluster/control-plane.ts";
import { kill, note, noted, startDaemon } from "./lab/cluster/daemon.ts";
import { ClusterError } from "./lab/cluster/errors.ts";
import { callNode } from "./lab/cluster/node/calls.ts";
import { egressSocket, LOG_FILE } from "./lab/cluster/node/folder.ts";
import { prepareVmNode, untilNodeReady } from "./lab/cluster/node/vm-node.ts";
import { programPath, ROOT } from "./lab/cluster/programs.ts";
import { API_ADDRESS } from "./lab/vm/qemu.ts";

const USAGE = `usage: cluster up [--node [--conflist FILE]]
                               starts an API server and etcd; with --node also controllers, and a node in a VM, with a real
                               kubelet and containerd, and pod-qos as its CNI plugin
       cluster kubectl ARGS... kubectl as the cluster's admin
       cluster kubeconfig      prints the path of the admin's kubeconfig
       cluster node COMMAND... runs a command on the node in the VM
       cluster down            ends it all and removes what it has`;

/** One per checkout, unless somebody asks for another. */
const FOLDER = resolve(process.env["POD_QOS_PLAYGROUND"] ?? join(ROOT, ".cache/playground"));
const NODE_FOLDER = join(FOLDER, "node");
const KUBECONFIG = join(FOLDER, "admin.kubeconfig");

const main = async ([command, ...args]: readonly string[]): Promise<number> => {
  switch (command) {
    case "up":
      return up(args);
    case "down":
      return down();
    case "kubeconfig":
      console.log(existing(KUBECONFIG));
      return 0;
    case "kubectl":
      return kubectl(args);
    case "node":
      return onNode(args);
    case undefined:
    default:
      process.stderr.write(`${USAGE}\n`);
      return 2;
  }
};

const up = async (args: readonly string[]): Promise<number> => {
  const options = { node: { type: "boolean" }, conflist: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (existsSync(FOLDER)) {
    throw new ClusterError(`there is a cluster in ${FOLDER} already: ./scripts/cluster down ends it`);
  }
  const started = performance.now();
  const whole = { addresses: [API_ADDRESS], controllers: true, egressSocket: egressSocket(NODE_FOLDER) };
  const plane = await startControlPlane({ folder: FOLDER, outlivesUs: true, ...(values.node ? whole : {}) });
  console.log(`==> ${plane.server} is ready after ${seconds(started)}`);
  if (values.node) await addNode(plane, values.conflist ?? join(ROOT, "conflists/10-bridge.conflist"));
  console.log(`    export KUBECONFIG=${plane.kubeconfig}`);
  plane.api.close();
  return 0;
};

const addNode = async (plane: ControlPlane, conflist: string): Promise<void> => {
  const started = performance.now();
  const node = {
    folder: NODE_FOLDER,
    name: "node-1",
    conflist: JSON.parse(readFileSync(conflist, "utf8")) as object,
    executable: join(ROOT, "dist/pod-qos"),
  };
  await prepareVmNode(plane, node);
  const command = [process.execPath, join(import.meta.dirname, "lab/cluster/node/run.ts"), NODE_FOLDER];
  const runner = startDaemon({ command, logFile: join(NODE_FOLDER, LOG_FILE), outlivesUs: true });
  note(FOLDER, runner);
  const state = { ended: false };
  void runner.ended.then(() => (state.ended = true));
  await untilNodeReady(
    plane.api,
    node,
    () => state.ended,
    (line) => console.log(`    ${line}`),
  );
  console.log(`==> node-1 is ready after ${seconds(started)}`);
};

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const down = async (): Promise<number> => {
  await Promise.all(noted(FOLDER).map(kill));
  // What QEMU still writes while it dies makes a folder that is not empty.
  rmSync(FOLDER, { recursive: true, force: true, maxRetries: 10 });
  return 0;
};

const kubectl = async (args: readonly string[]): Promise<number> => {
  const env = { KUBECONFIG: existing(KUBECONFIG) };
  const { exitCode } = await execa(programPath("kubectl"), args, { env, stdio: "inherit", reject: false });
  return exitCode ?? 1;
};

const onNode = async (args: readonly string[]): Promise<number> => {
  const { exitCode, stdout, stderr } = await callNode(existing(NODE_FOLDER), args, COMMAND_MS);
  if (stdout !== "") process.stdout.write(`${stdout}\n`);
  if (stderr !== "") process.stderr.write(`${stderr}\n`);
  return exitCode;
};

/** An image is imported for minutes where the processor is emulated. */
const COMMAND_MS = 600_000;

const existing = (path: string): string => {
  if (!existsSync(path))
    throw new ClusterError("it is not there: ./scripts/cluster up starts it, a node with --node");
  return path;
};

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  process.stderr.write(`cluster: ${error.message}\n`);
  process.exitCode = 1;
}
