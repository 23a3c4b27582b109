/** The DaemonSet starts an agent that there is, and its probes ask where that agent answers. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { optionsFrom, table } from "../../../plugin/agent/options.ts";
import { parse as parseArguments } from "../../../plugin/command-line/parse.ts";
import { textOf } from "../support/documents.ts";

type Probe = { readonly httpGet: { readonly host: string; readonly port: number; readonly path: string } };
type Container = {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
};

const { containers, hostNetwork } = parse(textOf("install/kubernetes/daemonset.yaml")).spec.template.spec as {
  readonly containers: readonly Container[];
  readonly hostNetwork: boolean;
};
const [container] = containers;
const [, ...args] = container?.command.slice(container.command.indexOf("--") + 1) ?? [];
const env = Object.fromEntries(container?.env.map(({ name }) => [name, "node-1"]) ?? []);
const options = () => optionsFrom(parseArguments(args.slice(1), { options: table }).options, env);

it("the agent takes its arguments and environment", () => {
  expect(args[0]).toBe("agent");
  expect(options()).toMatchObject({ node: "node-1", api: true });
});

it("the probes are at its address, in the node's network namespace", () => {
  const { listen } = options();
  expect(hostNetwork).toBe(true);
  const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
  expect(probes.map((probe) => probe?.httpGet)).toEqual([
    { ...listen, path: "/healthz" },
    { ...listen, path: "/healthz" },
    { ...listen, path: "/readyz" },
  ]);
});
