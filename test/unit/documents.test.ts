/** What the documents tell people to write is what the plugin takes, and what they say it answers is what it answers. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseConf } from "../../plugin/cni/conf.ts";
import { isObject, type JsonObject } from "../../plugin/cni/fields.ts";
import { explain } from "../../plugin/commands/explain.ts";
import { validateConf } from "../../plugin/policy/policy.ts";
import { assertUplinkConf } from "../../plugin/commands/uplink-for.ts";
import { anchorsOf, documents, fences, fencesOf, root, textOf, type Fence } from "./support/documents.ts";
import { compiled } from "./support/manifests.ts";

const folder = mkdtempSync(join(tmpdir(), "pod-qos-documents-"));
afterAll(() => rmSync(folder, { recursive: true }));

const where = ({ document, line }: Fence): string => `${document}:${line}`;
const objectIn = (value: unknown): JsonObject => (isObject(value) ? value : {});

describe("links", () => {
  it.each(documents)("of %s lead to files and headings that are there", (document) => {
    const links = [...textOf(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const dead = links.filter((link) => {
      const [path = "", heading] = link.split("#");
      const target = path === "" ? document : normalize(join(dirname(document), path));
      return !existsSync(join(root, target)) || (heading !== undefined && !anchorsOf(target).has(heading));
    });
    expect(dead).toEqual([]);
  });
});

/** An entry of ours, or those of a conflist; a fence may have a part of an entry. */
const entriesIn = (text: string): readonly JsonObject[] => {
  const value = objectIn(JSON.parse(/^\s*"/.test(text) ? `{${text}}` : text));
  const all = Array.isArray(value["plugins"]) ? value["plugins"].filter(isObject) : [value];
  return all.filter(({ type }) => type === undefined || type === "pod-qos");
};

/** What a NetworkAttachmentDefinition has is a conf as well. */
const configsIn = (fence: Fence): readonly string[] => {
  if (fence.language === "json") return [fence.text];
  const { config } = objectIn(objectIn(parse(fence.text))["spec"]);
  return typeof config === "string" ? [config] : [];
};

const configs = [...fences("json"), ...fences("yaml")].flatMap((fence) =>
  configsIn(fence).map((config) => [where(fence), config] as const),
);

describe("confs", () => {
  it.each(configs)("%s is one that STATUS takes", (_, config) => {
    const entries = entriesIn(config);
    expect(entries).not.toEqual([]);
    for (const entry of entries) {
      const conf = parseConf(entry, "podnet");
      validateConf(conf);
      if (conf.uplink !== undefined) assertUplinkConf(conf.uplink, conf.defaults.class);
    }
  });
});

const yamls = fences("yaml").map((fence) => [where(fence), fence] as const);
const isManifest = ({ text }: Fence): boolean => text.includes("apiVersion: k8s.");

describe("manifests", () => {
  it.each(yamls.filter(([, fence]) => isManifest(fence)))("%s is taken as it stands", async (_, fence) => {
    const { namespaces } = await compiled({ "file.yaml": fence.text });
    for (const { faults, warnings } of namespaces.values()) {
      expect([...faults, ...warnings]).toEqual([]);
    }
  });
});

const annotationsIn = ({ text }: Fence): JsonObject => {
  const value = objectIn(parse(text));
  return objectIn(value["annotations"] ?? objectIn(value["metadata"])["annotations"]);
};

const answer = async (...args: readonly string[]): Promise<readonly [string, number]> => {
  const printed: string[] = [];
  const exitCode = await explain(args, (text) => printed.push(text) > 0);
  return [printed.join("\n"), exitCode];
};

const podFile = (name: string, metadata: object): string => {
  writeFileSync(join(folder, name), JSON.stringify({ kind: "Pod", metadata }));
  return join(folder, name);
};

/** The classes that the documents speak of. */
const confFile = (entry: object): string => {
  writeFileSync(join(folder, "entry.json"), JSON.stringify({ type: "pod-qos", ...entry }));
  return join(folder, "entry.json");
};
const classes = { default: { rate: "450M" }, "bulk-seed": { rate: "500M" } };
const uplink = { device: "eth0", rate: "950M", default: "default", classes };

describe("annotations", () => {
  const annotated = yamls.filter(([, fence]) => Object.keys(annotationsIn(fence)).length > 0);

  it.each(annotated)("%s are read without a warning", async (_, fence) => {
    const pod = podFile("pod.json", { name: "pod", annotations: annotationsIn(fence) });
    const [text, exitCode] = await answer("--conf", confFile({ uplink }), "--pod", pod);
    expect(text).not.toContain("ADD would");
    expect(text).not.toContain("did you mean");
    expect(exitCode).toBe(0);
  });
});

/** The fences of a document that show what explain printed, "…" standing for what was left out. */
const shown = (document: string): readonly string[] =>
  fencesOf(document)
    .filter(({ text }) => /^(\$ pod-qos explain|Warnings)/.test(text))
    .flatMap(({ text }) => text.replace(/^\$.*\n/, "").split(/^…\n/m))
    .map((part) => part.trim());

describe("what explain is said to print", () => {
  it("README: of the pod with the rules above it", async () => {
    const rules = fencesOf("README.md").find(({ text }) => text.includes("pod-qos/egress: |"));
    if (rules === undefined) throw new Error("the README shows no rules");
    const metadata = { name: "backup-0", namespace: "prod", labels: { app: "backup" } };
    const pod = podFile("pod.json", { ...metadata, annotations: annotationsIn(rules) });
    const [text] = await answer("--pod", pod, "--to", "203.0.113.9", "--proto", "tcp", "--port", "443");
    expect(shown("README.md").length).toBe(2);
    for (const part of shown("README.md")) expect(text).toContain(part);
  });

  it("EgressQoS on flannel: of the object above it", async () => {
    const document = "docs/tutorial-egressqos-flannel.md";
    const policyDir = join(folder, "policies");
    mkdirSync(policyDir);
    const object = fencesOf(document).find(isManifest);
    writeFileSync(join(policyDir, "egressqos.yaml"), object?.text ?? "");
    const conf = confFile({ name: "cbr0", policyDir, stateDir: join(folder, "state") });
    const pod = ["--namespace", "prod", "--name", "web-1"];
    const [text] = await answer("--conf", conf, ...pod, "--to", "203.0.113.9");
    expect(shown(document).length).toBe(2);
    for (const part of shown(document)) expect(text).toContain(part);
  });
});
