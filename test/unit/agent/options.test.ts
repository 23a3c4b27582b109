/** Where the agent's figures are served for others. */
import { expect, it } from "vitest";
import { optionsFrom, table, type Options } from "../../../plugin/agent/options.ts";
import { parse } from "../../../plugin/command-line/parse.ts";

const optionsOf = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Options =>
  optionsFrom(parse(["--no-api", ...args], { options: table }).options, env);

it.each<readonly [string, readonly string[], Readonly<Record<string, string>>, object | undefined]>([
  ["nowhere, unless that is asked for", [], {}, undefined],
  ["at the option's address", ["--metrics-listen", "192.0.2.1:9465"], {}, { host: "192.0.2.1", port: 9465 }],
  ["at the variable's", [], { METRICS_LISTEN: "[192.0.2.1]:9465" }, { host: "192.0.2.1", port: 9465 }],
  ["at one of IPv6", [], { METRICS_LISTEN: "[2001:db8::1]:1" }, { host: "2001:db8::1", port: 1 }],
  [
    "at the option's before the variable's",
    ["--metrics-listen", "192.0.2.1:1"],
    { METRICS_LISTEN: "192.0.2.2:2" },
    { host: "192.0.2.1", port: 1 },
  ],
  ["nowhere, where the variable is empty", [], { METRICS_LISTEN: "" }, undefined],
])("figures are served %s", (_, args, env, place) => {
  expect(optionsOf(args, env).metricsListen).toEqual(place);
});

it.each([
  [["--metrics-listen", "9465"], {}],
  [["--metrics-listen", "off"], {}],
  [[], { METRICS_LISTEN: "[]:9465" }],
  [["--metrics-pods", "many"], {}],
] as const)("%j and %j are refused", (args, env) => {
  expect(() => optionsOf(args, env)).toThrow(/HOST:PORT|0 to 10000/);
});
