/** The options of `pod-qos controller`. Pure. */
import { choice, flag, value, word, type Values } from "../command-line/option.ts";
import { listenOption, type Listen } from "../pages/place.ts";

export type Options = {
  readonly kubeconfig: string | undefined;
  /** Whether EgressQoS and NetworkQoS of the API are ours. */
  readonly objects: "auto" | "on" | "off";
  readonly hasZones: boolean;
  readonly silentAfterMs: number;
  /** Where the pages are; undefined: nowhere. */
  readonly listen: Listen | undefined;
};

export const table = {
  kubeconfig: word("FILE", "default: the pod's own service account"),
  objects: choice(
    ["auto", "on", "off"],
    "write the status of EgressQoS and NetworkQoS; auto: where their CRDs are ours",
  ),
  "per-node-conditions": flag(
    "also a condition Ready-In-Zone-<node> for each node, as OVN-Kubernetes writes them; not above 100 nodes",
  ),
  "silent-after": value(
    "TIME",
    "an agent that has not reported for this long counts as silent; default 3m (90s, 5m)",
    "a time from 1s to 1h, such as 90s or 3m",
    millisecondsOf,
  ),
  listen: listenOption("/healthz and /readyz", "127.0.0.1:9466"),
};

export function optionsFrom(values: Values<typeof table>): Options {
  const { listen = { host: "127.0.0.1", port: 9466 } } = values;
  return {
    kubeconfig: values.kubeconfig,
    objects: values.objects ?? "auto",
    hasZones: values["per-node-conditions"],
    silentAfterMs: values["silent-after"] ?? 180_000,
    listen: listen === "off" ? undefined : listen,
  };
}

function millisecondsOf(text: string): number | undefined {
  const [, amount, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const seconds = Number(amount) * ({ s: 1, m: 60, h: 3600 }[unit ?? ""] ?? Number.NaN);
  return seconds >= 1 && seconds <= 3_600 ? seconds * 1000 : undefined;
}
