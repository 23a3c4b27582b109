/**
 * A real control plane on 127.0.0.1: etcd and kube-apiserver, ready in about three seconds. Everything that it has is in one
 * folder, so that several of them stand side by side. Unless they are asked for there is no controller manager and no scheduler:
 * pods are bound by whoever makes them, and have no account.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectApi, type Api } from "./api.ts";
import {
  apiServerArguments,
  AUDIT_POLICY,
  auditPolicyFile,
  controllerArguments,
  egressFile,
  etcdArguments,
  schedulerArguments,
  SERVICE_ADDRESS,
  type Ports,
} from "./arguments.ts";
import { makeCertificates, type Certificates } from "./certificates.ts";
import { kill, note, signal, startDaemon, tailOf, type Daemon } from "./daemon.ts";
import { ClusterError } from "./errors.ts";
import { egressSelector } from "./node/egress.ts";
import { kubeconfig, type Credentials } from "./kubeconfig.ts";
import { freePorts } from "./ports.ts";
import { programPath } from "./programs.ts";

export type ControlPlaneOptions = {
  /** There and empty, or not there. */
  readonly folder: string;
  /** Default false: it ends with us, also when we are killed. */
  readonly outlivesUs?: boolean;
  /** Each request a line of `audit.log`. Default false. */
  readonly audit?: boolean;
  /** Addresses beside 127.0.0.1 that lead to the API server. */
  readonly addresses?: readonly string[];
  /** Controller manager and scheduler too, and accounts for pods: a whole cluster. Default false. */
  readonly controllers?: boolean;
  /** Where the API server finds a way to kubelets that it cannot reach by itself: a Unix socket, see node/egress.ts. */
  readonly egressSocket?: string;
};

export type ControlPlane = {
  readonly folder: string;
  readonly server: string;
  readonly ports: Ports;
  readonly certificates: Certificates;
  /** The admin's. */
  readonly kubeconfig: string;
  readonly api: Api;
  /** Writes `<folder>/<name>.kubeconfig` and gives its path. */
  readonly kubeconfigFor: (name: string, who: Credentials, server?: string) => string;
  readonly apiServerPid: () => number;
  /** The API server's: SIGSTOP and SIGCONT make it hang and go on. */
  readonly signalApiServer: (name: NodeJS.Signals) => void;
  /** By SIGKILL; resolves when its port is free. */
  readonly killApiServer: () => Promise<void>;
  /** On the same port; resolves when it is ready. */
  readonly startApiServer: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export const startControlPlane = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  const { folder, outlivesUs = false, addresses = [], controllers = false, egressSocket } = options;
  const pki = join(folder, "pki");
  mkdirSync(pki, { recursive: true, mode: 0o700 });
  writeFileSync(auditPolicyFile(folder), JSON.stringify(AUDIT_POLICY));
  if (egressSocket !== undefined)
    writeFileSync(egressFile(folder), JSON.stringify(egressSelector(egressSocket)));
  const [api = 0, etcd = 0, etcdPeers = 0] = await freePorts(3);
  const ports: Ports = { api, etcd, etcdPeers };
  const start = (program: string, args: readonly string[]): Daemon => {
    const logFile = join(folder, `${program}.log`);
    const daemon = startDaemon({ command: [programPath(program), ...args], logFile, outlivesUs });
    note(folder, daemon);
    return daemon;
  };
  const store = start("etcd", etcdArguments(folder, ports));
  const certificates = await makeCertificates(pki, ["127.0.0.1", SERVICE_ADDRESS, ...addresses]);
  const server = `https://127.0.0.1:${ports.api}`;
  const admin = connectApi(server, certificates.authority, certificates.admin);
  const startServer = (): Daemon =>
    start("kube-apiserver", apiServerArguments(folder, ports, certificates, options));
  let apiServer = startServer();
  const others: Daemon[] = [];
  const stop = async (): Promise<void> => {
    admin.close();
    await Promise.all([...others, apiServer, store].map(kill));
  };
  const kubeconfigFor: ControlPlane["kubeconfigFor"] = (name, who, at = server) => {
    const path = join(folder, `${name}.kubeconfig`);
    writeFileSync(path, kubeconfig(at, certificates.authority, who), { mode: 0o600 });
    return path;
  };
  try {
    await untilReady(admin, apiServer, folder);
  } catch (error) {
    await stop();
    throw error;
  }
  const adminFile = kubeconfigFor("admin", certificates.admin);
  if (controllers) {
    others.push(start("kube-scheduler", schedulerArguments(adminFile)));
    others.push(start("kube-controller-manager", controllerArguments(adminFile, certificates)));
  }
  return {
    folder,
    server,
    ports,
    certificates,
    kubeconfig: adminFile,
    api: admin,
    kubeconfigFor,
    apiServerPid: () => apiServer.pid,
    signalApiServer: (name) => void signal(apiServer, name),
    killApiServer: () => kill(apiServer),
    startApiServer: async () => {
      apiServer = startServer();
      await untilReady(admin, apiServer, folder);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
};

/** Ready for requests, and the first namespaces are there. */
const untilReady = async (api: Api, apiServer: Daemon, folder: string): Promise<void> => {
  const state = { ended: false };
  void apiServer.ended.then(() => (state.ended = true));
  const end = Date.now() + READY_MS;
  while (!(await answers(api, "/readyz")) || !(await answers(api, "/api/v1/namespaces/default"))) {
    if (state.ended || Date.now() > end) {
      const why = state.ended ? "ended" : `is not ready after ${READY_MS / 1000} s`;
      throw new ClusterError(`kube-apiserver ${why}:\n${tailOf(join(folder, "kube-apiserver.log"))}`);
    }
    await sleep(50);
  }
};

const READY_MS = 240_000;

const answers = async (api: Api, path: string): Promise<boolean> => {
  try {
    return (await api.ask("GET", path)).status === 200;
  } catch {
    return false;
  }
};
