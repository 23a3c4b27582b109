/**
 * The Helm chart: the texts of install/kubernetes, with the few values of a chart in their places. What it renders by itself is what
 * `kubectl kustomize install/kubernetes` gives, and each definition keeps itself. Pure.
 */
import { BuildError } from "../build/errors.ts";

/** By path within the chart. */
export type Chart = ReadonlyMap<string, string>;

/** `sources`: the files that the kustomization names, by name. */
export function chartOf(sources: ReadonlyMap<string, string>, version: string): Chart {
  const templates = [...sources].map(
    ([name, text]) => [`templates/${name}`, templateOf(name, text)] as const,
  );
  return new Map([
    ["Chart.yaml", aboutOf(version)],
    ["values.yaml", VALUES],
    ["templates/NOTES.txt", NOTES],
    ...templates,
  ]);
}

const aboutOf = (version: string): string => `# Made of install/kubernetes by npm run release.
apiVersion: v2
name: pod-qos
description: Bandwidth caps, DSCP marks and uplink classes for every pod, on any primary CNI plugin
type: application
version: ${version}
appVersion: ${version}
kubeVersion: ">=1.30.0-0"
`;

const VALUES = `image:
  # We publish no image: import it on each node, or push it to a registry of yours and name that.
  repository: localhost/pod-qos
  # Default: the version of the chart.
  tag: ""
  pullPolicy: IfNotPresent
# The definitions of EgressQoS and NetworkQoS. OVN-Kubernetes has its own: false there.
definitions: true
# Our entry of the chain, as JSON text or as an object; by default the plain one, or the one that is there.
entry: null
`;

const NOTES = `The agents:  kubectl -n pod-qos-system rollout status daemonset/pod-qos-agent

helm uninstall takes the agents away, and leaves pod-qos on the nodes. Before it, take it off them: docs/kubernetes.md, "Take it off".
It also leaves the definitions, and with them every EgressQoS and NetworkQoS.
`;

function templateOf(name: string, text: string): string {
  if (text.includes("{{")) throw new BuildError(`install/kubernetes/${name} has {{, which Helm would read`);
  const places = PLACES.reduce((done, { from, to }) => done.replaceAll(from, to), kept(text));
  return name === "crds.yaml" ? `{{- if .Values.definitions }}\n${places}{{- end }}\n` : places;
}

/** A definition takes all its objects with it. So it goes when somebody deletes it, and not with the chart or with a value. */
function kept(text: string): string {
  return text.replaceAll(
    /^kind: CustomResourceDefinition\nmetadata:\n/gm,
    "$&  annotations:\n    helm.sh/resource-policy: keep\n",
  );
}

const PLACES: readonly { readonly from: RegExp; readonly to: string }[] = [
  {
    from: /^( *)image: localhost\/pod-qos:.*$/gm,
    to: "$1image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}",
  },
  { from: /^( *)imagePullPolicy: .*$/gm, to: "$1imagePullPolicy: {{ .Values.image.pullPolicy }}" },
  {
    from: /^( *)args: \[install, --root, \/host, --wait\]$/gm,
    to:
      "$1args: [install, --root, /host, --wait{{ with .Values.entry }}, --entry, " +
      "{{ kindIs `string` . | ternary . (toJson .) | quote }}{{ end }}]",
  },
];
