import type { Labels } from "../../../plugin/cni/request.ts";
import { compile } from "../../../plugin/policy/manifests/compile.ts";
import type { Directory } from "../../../plugin/policy/manifests/manifest.ts";
import { parseFile } from "../../../plugin/policy/manifests/parse-file.ts";
import { select, type Selected } from "../../../plugin/policy/manifests/select.ts";
import type { NetworkQos } from "../../../plugin/policy/manifests/manifest.ts";
import type { Rule } from "../../../plugin/policy/rule/rule.ts";

export type Files = Readonly<Record<string, string>>;

export async function compiled(files: Files): Promise<Directory> {
  return compile(await Promise.all(Object.entries(files).map(([name, text]) => parseFile(name, text))));
}

/** A pod of namespace `default` on its eth0 in a network of no NAD, changed by what a test says. */
export type Where = {
  readonly namespace?: string;
  readonly labels?: Labels | undefined;
  readonly network?: string;
  readonly ifname?: string;
};

export async function selected(files: Files, where: Where = {}): Promise<Selected<NetworkQos>> {
  const { namespace = "default", network = "podnet", ifname = "eth0" } = where;
  const labels = "labels" in where ? where.labels : {};
  const { namespaces, surroundings } = await compiled(files);
  const policies = namespaces.get(namespace);
  if (policies === undefined)
    return {
      networkQos: [],
      egressQos: [],
      warnings: [],
      passedOver: [],
      undecided: [],
      selectsNetworks: false,
    };
  if (policies.faults.length > 0) throw new Error(policies.faults.join("\n"));
  return select(policies, surroundings, { pod: { namespace, name: "pod", labels }, network, ifname });
}

/** In the order in which they are tried. */
export async function rulesFor(files: Files, where: Where = {}): Promise<readonly Rule[]> {
  const found = await selected(files, where);
  return [...found.networkQos.flatMap(({ rules }) => rules), ...found.egressQos];
}

export async function dscpsFor(files: Files, where: Where = {}): Promise<readonly (number | undefined)[]> {
  return (await rulesFor(files, where)).map(({ dscp }) => dscp);
}

export type Saying = {
  readonly name?: string;
  readonly namespace?: string;
  readonly [field: string]: unknown;
};

/** An object as JSON, which is YAML too. */
export function networkQos({ name = "video", namespace = "default", ...spec }: Saying): string {
  return JSON.stringify({
    apiVersion: "k8s.ovn.org/v1alpha1",
    kind: "NetworkQoS",
    metadata: { name, namespace },
    spec: { priority: 10, egress: [{ dscp: 20 }], ...spec },
  });
}

export function egressQos(egress: unknown, { name = "default", namespace = "default" }: Saying = {}): string {
  return JSON.stringify({
    apiVersion: "k8s.ovn.org/v1",
    kind: "EgressQoS",
    metadata: { name, namespace },
    spec: { egress },
  });
}
