/** `pod-qos controller` at work beside a control plane, with the account that install/kubernetes gives it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "../../../scripts/lab/cluster/api.ts";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { kill, signal, startDaemon } from "../../../scripts/lab/cluster/daemon.ts";
import { freePorts } from "../../../scripts/lab/cluster/ports.ts";
import { pluginPath } from "../node/paths.ts";
import { tokenOf, type PolicyRule } from "./accounts.ts";
import { auditOf, type AuditEvent } from "./audit.ts";
import { eventually } from "./eventually.ts";
import { rightsOf, type Right } from "./role.ts";

export type Controller = {
  readonly pid: number;
  readonly page: (path: string) => Promise<{ readonly code: number; readonly text: string }>;
  readonly signal: (name: NodeJS.Signals) => void;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
  /** SIGTERM; resolves when it has ended. */
  readonly stop: () => Promise<void>;
  readonly log: () => string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type ControllerOptions = {
  readonly kubeconfig: string;
  readonly args?: readonly string[];
  /** Wait until it says that it is ready; default true. */
  readonly ready?: boolean;
};

let started = 0;

export const startController = async (
  { folder }: ControlPlane,
  { kubeconfig, args = [], ready = true }: ControllerOptions,
): Promise<Controller> => {
  const [port = 0] = await freePorts(1);
  const logFile = join(folder, `controller-${(started += 1)}.log`);
  const listen = ["--listen", `127.0.0.1:${port}`];
  const command = [pluginPath(), "controller", "--kubeconfig", kubeconfig, ...listen, ...args];
  const daemon = startDaemon({ command, logFile, outlivesUs: false });
  const page: Controller["page"] = async (path) => {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return { code: answer.status, text: await answer.text() };
    } catch {
      return { code: 0, text: "no answer" };
    }
  };
  const killed = (): Promise<void> => kill(daemon);
  const log = (): string => readFileSync(logFile, "utf8");
  if (ready)
    await eventually(
      "the controller is ready",
      async () => ((await page("/readyz")).code === 200 ? true : undefined),
      { withinMs: 30_000, why: log },
    );
  return {
    pid: daemon.pid,
    page,
    signal: (name) => void signal(daemon, name),
    kill: killed,
    stop: async () => {
      signal(daemon, "SIGTERM");
      await daemon.ended;
    },
    log,
    [Symbol.asyncDispose]: killed,
  };
};

/** As the audit log calls who has it. */
const ACCOUNT = "system:serviceaccount:pod-qos-system:pod-qos-controller";

export const controllerKubeconfig = async (plane: ControlPlane): Promise<string> => {
  const token = await tokenOf(plane.api, "pod-qos-controller", { namespace: "pod-qos-system" });
  return plane.kubeconfigFor("controller", { token });
};

export const controllerCalls = (plane: ControlPlane): readonly AuditEvent[] =>
  auditOf(plane).filter(({ user }) => user.username === ACCOUNT);

export const controllerRights = async ({ api }: ControlPlane): Promise<readonly Right[]> => {
  const role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/pod-qos-controller";
  const { rules } = await api.get<KubeObject & { readonly rules: readonly PolicyRule[] }>(role);
  return rightsOf(rules);
};
