/** install/kubernetes in a control plane, as `kubectl apply -k` puts it there. */
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { programPath } from "../../../scripts/lab/cluster/programs.ts";

export const INSTALL = resolve(import.meta.dirname, "../../../install/kubernetes");

/** Where the objects are, of a namespace or of all. */
export const policyPath = (kind: "EgressQoS" | "NetworkQoS", namespace?: string): string => {
  const version = kind === "EgressQoS" ? "v1" : "v1alpha1";
  const within = namespace === undefined ? "" : `namespaces/${namespace}/`;
  return `/apis/k8s.ovn.org/${version}/${within}${kind.toLowerCase()}es`;
};

export const QOS_NODES = "/apis/pod-qos.io/v1alpha1/qosnodes";

/** What kubectl says, on both its outputs, whatever it ends with. */
export const kubectl = (
  { kubeconfig }: ControlPlane,
  args: readonly string[],
  input?: object,
): Promise<{ readonly all: string; readonly exitCode?: number | undefined }> =>
  execa(programPath("kubectl"), args, {
    env: { KUBECONFIG: kubeconfig },
    all: true,
    reject: false,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });

/** `folder`: what is applied, in place of what the repository ships. */
export const applyInstall = async (plane: ControlPlane, folder = INSTALL): Promise<void> => {
  const { all, exitCode } = await kubectl(plane, ["apply", "-k", folder]);
  if (exitCode !== 0) throw new Error(`kubectl apply -k ${folder}:\n${all}`);
  await served(plane);
};

/** A definition is accepted at once and served a moment later. */
const served = async (plane: ControlPlane): Promise<void> => {
  const paths = [policyPath("EgressQoS"), policyPath("NetworkQoS"), QOS_NODES];
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    const answers = await Promise.all(paths.map((path) => plane.api.ask("GET", path)));
    if (answers.every(({ status }) => status === 200)) return;
    await sleep(50);
  }
  const { all } = await kubectl(plane, ["get", "crd", "-o", "yaml"]);
  throw new Error(`the definitions are not served after 30 s:\n${all}`);
};
