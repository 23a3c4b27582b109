/** Processes of fake agents beside a control plane, for as long as a test. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlPlane } from "../../../scripts/lab/cluster/control-plane.ts";
import { kill, startDaemon } from "../../../scripts/lab/cluster/daemon.ts";
import { eventually } from "../cluster/eventually.ts";

export type Many = { readonly log: () => string; readonly [Symbol.asyncDispose]: () => Promise<void> };

export const startMany = async (
  { folder }: ControlPlane,
  {
    kubeconfig,
    nodes,
    namespaces,
  }: { readonly kubeconfig: string; readonly nodes: number; readonly namespaces: number },
): Promise<Many> => {
  const each = Math.ceil(nodes / Math.min(4, Math.ceil(nodes / 50)));
  const starts = Array.from({ length: Math.ceil(nodes / each) }, (_, at) => at * each);
  const all = starts.map((first) => {
    const logFile = join(folder, `agents-${first}.log`);
    const order = [kubeconfig, first, Math.min(each, nodes - first), namespaces].map(String);
    const command = [process.execPath, "--import", NO_BUILD, SCRIPT, ...order];
    writeFileSync(logFile, "");
    return { logFile, daemon: startDaemon({ command, logFile, outlivesUs: false }) };
  });
  const log = (): string => all.map(({ logFile }) => readFileSync(logFile, "utf8")).join("");
  await eventually(
    "all agents have begun",
    () => (log().match(/^started$/gm)?.length === all.length ? true : undefined),
    { withinMs: 400_000, everyMs: 200, why: log },
  );
  return {
    log,
    [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(({ daemon }) => kill(daemon)))),
  };
};

const SCRIPT = join(import.meta.dirname, "fake-agents.ts");
/** The sources as they are have no version. */
const NO_BUILD = "data:text/javascript,globalThis.__VERSION__='none'";
