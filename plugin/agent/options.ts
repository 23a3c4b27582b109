/** The arguments of `pod-qos agent`. Pure. */
import { parseArgs } from "node:util";
import { defaultStateDir } from "../cni/conf.ts";
import { messageOf } from "../errors.ts";

export type Options = {
  /** Of this node, as the API calls it. */
  readonly node: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly stateDir: string;
  readonly confDir: string;
  /** Where /metrics and the like are; undefined: nowhere. */
  readonly listen: Listen | undefined;
  /** Whether EgressQoS and NetworkQoS of the API are ours to apply. */
  readonly objects: "auto" | "on" | "off";
  readonly api: boolean;
  /** In which every attachment is read back once. */
  readonly roundMs: number;
};

export type Listen = { readonly host: string; readonly port: number };

export const usage = `pod-qos agent: follows what changes on this node, and changes its pods while they run

  --no-api            conf and policy files alone; without it the Kubernetes API is followed as well
  --node NAME         of this node, as the API calls it; default $NODE_NAME
  --kubeconfig FILE   default: the pod's own service account
  --objects auto|on|off
                      apply EgressQoS and NetworkQoS of the API; auto: where their CRDs are ours
  --state-dir DIR     default ${defaultStateDir}: the "stateDir" of the confs that are served
  --conf-dir DIR      default /etc/cni/net.d
  --listen HOST:PORT  of /healthz, /readyz and /metrics; default 127.0.0.1:9465; "off": nowhere
  --round TIME        in which every pod is read back once; default 10m (10s, 90s, 1h)`;

/** What is wrong with the arguments, in words, or the options. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | string {
  const values = parsed(args);
  if (typeof values === "string") return values;
  const { node = env["NODE_NAME"], objects = "auto", listen = "127.0.0.1:9465", round = "10m" } = values;
  const api = values["no-api"] !== true;
  const [stateDir, confDir] = [
    values["state-dir"] ?? defaultStateDir,
    values["conf-dir"] ?? "/etc/cni/net.d",
  ];
  const where = listen === "off" ? undefined : listenOf(listen);
  const roundMs = millisecondsOf(round);
  if (!stateDir.startsWith("/")) return "--state-dir takes an absolute path";
  if (!confDir.startsWith("/")) return "--conf-dir takes an absolute path";
  if (where === null) return "--listen takes HOST:PORT, such as 127.0.0.1:9465 or [::1]:9465, or off";
  if (roundMs === undefined) return "--round takes a time from 1s to 24h, such as 90s, 10m or 1h";
  if (objects !== "auto" && objects !== "on" && objects !== "off") return "--objects takes auto, on or off";
  if (api && !node) return "which node is this? --node NAME, or NODE_NAME in the environment (or --no-api)";
  return {
    node: node || undefined,
    kubeconfig: values.kubeconfig,
    stateDir,
    confDir,
    listen: where,
    objects,
    api,
    roundMs,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        node: { type: "string" },
        kubeconfig: { type: "string" },
        "state-dir": { type: "string" },
        "conf-dir": { type: "string" },
        listen: { type: "string" },
        objects: { type: "string" },
        "no-api": { type: "boolean" },
        round: { type: "string" },
      },
    }).values;
  } catch (error) {
    return messageOf(error);
  }
}

/** null where it is none. */
function listenOf(text: string): Listen | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  return host === undefined || number > 65_535 ? null : { host, port: number };
}

function millisecondsOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(amount) * ({ s: 1, m: 60, h: 3600 }[unit ?? ""] ?? Number.NaN);
  return seconds >= 1 && seconds <= 86_400 ? seconds * 1000 : undefined;
}
