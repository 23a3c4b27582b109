/** The Deployment starts a controller that there is, and its probes ask where that controller answers. */
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { parse as parseArguments } from "../../../plugin/command-line/parse.ts";
import { optionsFrom, table } from "../../../plugin/controller/options.ts";
import { textOf } from "../support/documents.ts";

type Probe = { readonly httpGet: { readonly host: string; readonly port: number; readonly path: string } };
type Container = {
  readonly args: readonly string[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
};
type Deployment = {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly Container[]; readonly hostNetwork: boolean };
    };
  };
};

const documents = parseAllDocuments(textOf("install/kubernetes/controller.yaml")).map((each) => each.toJS());
const { spec } = documents.find(({ kind }) => kind === "Deployment") as Deployment;
const { containers, hostNetwork } = spec.template.spec;
const [container] = containers;
const { args = [] } = container ?? {};
const options = () => optionsFrom(parseArguments(args.slice(1), { options: table }).options);

it("the controller takes its arguments", () => {
  expect([spec.replicas, args[0]]).toEqual([1, "controller"]);
  expect(options()).toMatchObject({ objects: "auto", hasZones: false, silentAfterMs: 180_000 });
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
