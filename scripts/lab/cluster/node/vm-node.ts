/**
 * A real node: kubelet and containerd in the VM, with pod-qos as their CNI plugin; the control plane runs beside it on this
 * machine, whose API server is all that the VM reaches. About half a minute from power-on to a node that is ready.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CONTAINERD_SOCKET } from "../../../../test/vm/containerd/runtime.ts";
import { runInVm } from "../../vm/boot.ts";
import { requireFeatures } from "../../vm/features.ts";
import { API_ADDRESS, API_PORT } from "../../vm/qemu.ts";
import type { Api, KubeObject } from "../api.ts";
import type { ControlPlane } from "../control-plane.ts";
import { ClusterError } from "../errors.ts";
import { portableKubeconfig } from "../kubeconfig.ts";
import { freePorts } from "../ports.ts";
import { programPath, ROOT } from "../programs.ts";
import { prepareCalls } from "./calls.ts";
import { serveEgress } from "./egress.ts";
import { egressSocket, KUBECONFIG_FILE, KUBELET_CONFIG_FILE, LOG_FILE, NODE_FILE } from "./folder.ts";
import { PROGRESS_FILE, type NodePlan } from "./folder.ts";
import { kubeletConfig } from "./kubelet-config.ts";

export type VmNodeOptions = {
  /** There and empty, or not there. */
  readonly folder: string;
  readonly name: string;
  readonly conflist: object;
  /** pod-qos; undefined: the node does not have it. */
  readonly executable: string | undefined;
};

/** Writes all that the VM is to know. */
export const prepareVmNode = async (
  { certificates, ports }: ControlPlane,
  { folder, name, conflist, executable }: VmNodeOptions,
): Promise<void> => {
  requireFeatures("boot", "containerd");
  mkdirSync(folder, { recursive: true });
  prepareCalls(folder);
  const [kubeletPort = 0] = await freePorts(1);
  const pair = await certificates.issue(name, `/O=system:nodes/CN=system:node:${name}`);
  const server = `https://${API_ADDRESS}:${API_PORT}`;
  // Of the machine's temporary folder the VM sees its own: a link may lead elsewhere.
  const kubelet = realpathSync(programPath("kubelet"));
  const plan: NodePlan = {
    name,
    kubelet,
    executable,
    // Debian's containerd and plugins know no later version of CNI.
    conflist: { ...conflist, cniVersion: "1.0.0" },
    apiPort: ports.api,
    kubeletPort,
  };
  const files = {
    [NODE_FILE]: JSON.stringify(plan),
    [KUBECONFIG_FILE]: portableKubeconfig(server, certificates.authority, pair),
    [KUBELET_CONFIG_FILE]: JSON.stringify(kubeletConfig(CONTAINERD_SOCKET)),
    [PROGRESS_FILE]: "",
    [LOG_FILE]: "",
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text, { mode: 0o600 });
};

/** Resolves when the VM has ended, which a signal makes it do. */
export const runVmNode = async (folder: string, signal: AbortSignal): Promise<void> => {
  const { apiPort, kubeletPort } = JSON.parse(readFileSync(join(folder, NODE_FILE), "utf8")) as NodePlan;
  const log = createWriteStream(join(folder, LOG_FILE), { flags: "a" });
  const egress = serveEgress(egressSocket(folder), kubeletPort);
  try {
    await runInVm({
      command: [join(ROOT, "node_modules/.bin/node"), GUEST],
      cwd: ROOT,
      outFolder: folder,
      network: { apiPort, kubeletPort },
      timeoutMs: 0,
      signal,
      onOutput: (text) => void log.write(text),
    });
  } catch (error) {
    if (!signal.aborted) log.write(String(error));
  } finally {
    egress.close();
    egress.closeAllConnections();
    log.end();
  }
};

const GUEST = join(import.meta.dirname, "guest.ts");

/** Says each step, and resolves when the API has the node as ready. */
export const untilNodeReady = async (
  api: Api,
  { folder, name }: VmNodeOptions,
  hasEnded: () => boolean,
  onStep: (line: string) => void = () => undefined,
): Promise<void> => {
  const steps = stepsOf(folder, onStep);
  for (const end = Date.now() + READY_MS; !(await isReady(api, name)); await sleep(200)) {
    steps();
    if (hasEnded() || Date.now() > end) {
      const why = hasEnded() ? "ended" : `has no ready node after ${READY_MS / 1000} s`;
      throw new ClusterError(`the VM ${why}:\n${readFileSync(join(folder, LOG_FILE), "utf8").slice(-3000)}`);
    }
  }
  steps();
};

const READY_MS = 600_000;

const isReady = async (api: Api, name: string): Promise<boolean> => {
  const { status, body } = await api.ask("GET", `/api/v1/nodes/${name}`);
  const conditions = status === 200 ? ((body as NodeObject).status?.conditions ?? []) : [];
  return conditions.some((one) => one.type === "Ready" && one.status === "True");
};

type NodeObject = KubeObject & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

const stepsOf = (folder: string, onStep: (line: string) => void) => {
  let said = 0;
  return (): void => {
    const path = join(folder, PROGRESS_FILE);
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    for (const line of lines.slice(said)) onStep(line);
    said = lines.length;
  };
};
