/** The DaemonSet starts an agent that there is, and its probes ask where that agent answers. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { optionsFrom, table } from "../../../plugin/agent/options.ts";
import { parse as parseArguments } from "../../../plugin/command-line/parse.ts";
import { installOptions, installTable } from "../../../plugin/install/options.ts";
import { platforms } from "../../../plugin/runtime/platforms.ts";
import { readProject } from "../../../scripts/build/project.ts";
import { imageName } from "../../../scripts/image/image.ts";
import { textOf } from "../support/documents.ts";

type Probe = { readonly httpGet: { readonly host: string; readonly port: number; readonly path: string } };
type Container = {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
};

const { initContainers, containers, hostNetwork } = parse(textOf("install/kubernetes/daemonset.yaml")).spec
  .template.spec as {
  readonly initContainers: readonly { readonly image: string; readonly args: readonly string[] }[];
  readonly containers: readonly (Container & { readonly image: string })[];
  readonly hostNetwork: boolean;
};
/** Where a k3s of before 1.30.6 has its tools as well: those of the node come first. */
const OLD = "/var/lib/rancher/k3s/data/current/bin";

const [container] = containers;
const [, ...args] = container?.command.slice(container.command.indexOf("--") + 1) ?? [];
const env = Object.fromEntries(container?.env.map(({ name }) => [name, "node-1"]) ?? []);
const options = () => optionsFrom(parseArguments(args.slice(1), { options: table }).options, env);

it("the agent takes its arguments and environment", () => {
  expect(args[0]).toBe("agent");
  expect(options()).toMatchObject({ node: "node-1", api: true });
});

it("install takes its arguments, and both come from the image of this version", () => {
  const [install] = initContainers;
  const given = parseArguments(install?.args.slice(1) ?? [], { options: installTable }).options;
  expect(install?.args[0]).toBe("install");
  expect(installOptions(given)).toMatchObject({ root: "/host", wait: true, way: "own" });
  const image = imageName(readProject().version);
  expect([install?.image, container?.image]).toEqual([image, image]);
});

it("nsenter finds pod-qos wherever install may have put it", () => {
  const path = container?.env.find(({ name }) => name === "PATH")?.value?.split(":") ?? [];
  const places = platforms.flatMap(({ binDirs }) => binDirs);
  expect(places.filter((place) => !path.includes(place))).toEqual([]);
  expect([places.includes(OLD), path.at(-1)]).toEqual([true, OLD]);
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
