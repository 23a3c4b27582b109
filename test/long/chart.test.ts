/** 000-4 The Helm chart: by itself it renders what `kubectl kustomize install/kubernetes` gives, and each value does what it says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { readProject } from "../../scripts/build/project.ts";
import { kubernetes, programPath } from "../../scripts/lab/cluster/programs.ts";
import { writeChart } from "../../scripts/release/chart-files.ts";
import { INSTALL } from "../lab/cluster/installed.ts";
import { suite } from "../lab/node/needs.ts";
import { peer } from "../lab/node/paths.ts";

type Rendered = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
};

const objectsIn = (text: string): readonly Rendered[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
    .toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));

/** What the chart alone has. */
const KEPT = { "helm.sh/resource-policy": "keep" };

const asKept = (object: Rendered): Rendered =>
  object.kind === "CustomResourceDefinition"
    ? { ...object, metadata: { ...object.metadata, annotations: KEPT } }
    : object;

const nameOf = ({ kind, metadata }: Rendered): string => `${kind} ${metadata.name}`;

/** Which no cluster is asked for. */
const FOR = ["--kube-version", kubernetes.version];

suite("the chart", { kubernetes: ["kubectl"], peers: ["helm"] }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-chart-"));
  beforeAll(() => writeChart(folder, readProject().version));
  afterAll(() => rmSync(folder, { recursive: true }));

  const helm = async (verb: string, ...args: readonly string[]): Promise<string> =>
    (await execa(peer("helm") ?? "helm", [verb, ...args], { env: { HOME: folder } })).stdout;
  const rendered = async (...values: readonly string[]): Promise<readonly Rendered[]> =>
    objectsIn(
      await helm("template", "pod-qos", folder, ...FOR, ...values.flatMap((value) => ["--set-json", value])),
    );

  test("renders the objects of install/kubernetes, each as it is there, and each definition kept", async () => {
    const { stdout } = await execa(programPath("kubectl"), ["kustomize", INSTALL]);
    expect(await rendered()).toEqual(objectsIn(stdout).map(asKept));
    expect(await helm("lint", "--strict", ...FOR, folder)).toContain("0 chart(s) failed");
  });

  test("definitions: false leaves out those that OVN-Kubernetes has", async () => {
    const all = (await rendered()).map(nameOf);
    const rest = (await rendered("definitions=false")).map(nameOf);
    expect(rest).toEqual(all.filter((name) => !name.endsWith(".k8s.ovn.org")));
    expect(all.length - rest.length).toBe(2);
  });

  test("image and entry are where they belong", async () => {
    // Helm writes keys in their order.
    const entry = { logFile: 'a "b"', type: "pod-qos" };
    const image = { repository: "registry.example.com/pod-qos", tag: "1.2.3", pullPolicy: "Always" };
    for (const given of [entry, JSON.stringify(entry)]) {
      const text = JSON.stringify(
        await rendered(`entry=${JSON.stringify(given)}`, `image=${JSON.stringify(image)}`),
      );
      expect(text).toContain(JSON.stringify(["--entry", JSON.stringify(entry)]).slice(1, -1));
      expect(text.match(/registry\.example\.com\/pod-qos:1\.2\.3","imagePullPolicy":"Always"/g)).toHaveLength(
        3,
      );
      expect(text).not.toContain("localhost/pod-qos");
    }
  });
});
