/** The options of `pod-qos agent`. Pure. */
import { defaultStateDir } from "../cni/conf.ts";
import { absolutePath, choice, flag, wholeNumber, word, value, type Values } from "../command-line/option.ts";
import { UsageError } from "../errors.ts";
import { listenOf, listenOption, type Listen } from "../pages/place.ts";

export type Options = {
  /** Of this node, as the API calls it. */
  readonly node: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly stateDir: string;
  /** undefined: the runtime's, as install finds it. */
  readonly confDir: string | undefined;
  /** Whether it keeps pod-qos in the chain of that directory, as `install --watch` does. */
  readonly install: boolean;
  /** Where /metrics and the like are; undefined: nowhere. */
  readonly listen: Listen | undefined;
  /** Where /metrics is for others than this node; undefined: nowhere. */
  readonly metricsListen: Listen | undefined;
  /** So many attachments have series of their own in /metrics. */
  readonly metricsPods: number;
  /** Whether EgressQoS and NetworkQoS of the API are ours to apply. */
  readonly objects: "auto" | "on" | "off";
  readonly api: boolean;
  /** Whether pods that ran before pod-qos came are made as ADD would have made them. */
  readonly adopt: boolean;
  /** In which every attachment is read back once. */
  readonly roundMs: number;
};

/** Once the node has been looked at. */
export type Served = Options & { readonly confDir: string };

const places = "HOST:PORT, such as 192.0.2.1:9465 or [2001:db8::1]:9465";

export const table = {
  "no-api": flag("use conf and policy files only, and do not follow the Kubernetes API"),
  node: word("NAME", "this node's name in the API; default $NODE_NAME"),
  kubeconfig: word("FILE", "default: the pod's own service account"),
  objects: choice(
    ["auto", "on", "off"],
    "apply EgressQoS and NetworkQoS of the API; auto: where their CRDs are ours",
  ),
  "no-adopt": flag("do not adopt pods that ran before pod-qos was in their network's chain"),
  "state-dir": absolutePath("DIR", `default ${defaultStateDir}: the "stateDir" of the confs that are served`),
  "conf-dir": absolutePath("DIR", "the runtime's confs; default: detected, as install does"),
  install: flag('keep pod-qos in the chain of that directory, as "install --watch" does'),
  listen: listenOption("/healthz, /readyz and /metrics", "127.0.0.1:9465"),
  "metrics-listen": value(
    "HOST:PORT",
    "of /metrics for Prometheus: the node's address; default $METRICS_LISTEN, else nowhere",
    places,
    listenOf,
  ),
  "metrics-pods": wholeNumber(
    "of pods with series of their own in /metrics, at most; default 250",
    0,
    10_000,
  ),
  round: value(
    "TIME",
    "how often every pod is read back; default 10m (10s, 90s, 1h)",
    "a time from 1s to 24h, such as 90s, 10m or 1h",
    millisecondsOf,
  ),
};

export function optionsFrom(
  values: Values<typeof table>,
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { node = env["NODE_NAME"], listen = { host: "127.0.0.1", port: 9465 } } = values;
  const api = !values["no-api"];
  if (api && !node) {
    throw new UsageError("the node's name is missing: give --node NAME or set NODE_NAME, or use --no-api");
  }
  return {
    node: node || undefined,
    kubeconfig: values.kubeconfig,
    stateDir: values["state-dir"] ?? defaultStateDir,
    confDir: values["conf-dir"],
    install: values.install,
    listen: listen === "off" ? undefined : listen,
    metricsListen: values["metrics-listen"] ?? metricsListenIn(env),
    metricsPods: values["metrics-pods"] ?? 250,
    objects: values.objects ?? "auto",
    api,
    adopt: !values["no-adopt"],
    roundMs: values.round ?? 600_000,
  };
}

/** The DaemonSet knows the node's address as a variable alone. */
function metricsListenIn(env: Readonly<Record<string, string | undefined>>): Listen | undefined {
  const text = env["METRICS_LISTEN"];
  if (text === undefined || text === "") return undefined;
  const place = listenOf(text);
  if (place === undefined) throw new UsageError(`METRICS_LISTEN is ${places}, not ${JSON.stringify(text)}`);
  return place;
}

function millisecondsOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(amount) * ({ s: 1, m: 60, h: 3600 }[unit ?? ""] ?? Number.NaN);
  return seconds >= 1 && seconds <= 86_400 ? seconds * 1000 : undefined;
}
