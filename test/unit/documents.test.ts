/** What the documents tell people to write is what the plugin takes, and what they say it answers is what it answers. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseConf } from "../../plugin/cni/conf.ts";
import { isObject, type JsonObject } from "../../plugin/cni/fields.ts";
import { validateConf } from "../../plugin/policy/policy.ts";
import { assertUplinkConf } from "../../plugin/attachment/uplink/choose.ts";
import { anchorsOf, documents, fences, fencesOf, root, textOf, type Fence } from "./support/documents.ts";
import { podQos } from "./support/command-line.ts";
import { compiled, egressQos, networkQos } from "./support/manifests.ts";

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
  const { stdout, exitCode } = await podQos("explain", ...args);
  return [stdout, exitCode];
};

const podFile = (name: string, metadata: object): string => {
  writeFileSync(join(folder, name), JSON.stringify({ kind: "Pod", metadata }));
  return join(folder, name);
};

const namespaceFile = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
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
    const whose = /^kind: Namespace$/m.test(fence.text)
      ? ["--namespace-file", namespaceFile("namespace.yaml", fence.text)]
      : ["--pod", pod];
    const [text, exitCode] = await answer("--conf", confFile({ uplink }), ...whose);
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

  it("namespaces: of a pod above the ceiling of its namespace", async () => {
    const document = "docs/namespaces.md";
    const annotations = { "pod-qos/max-egress-bandwidth": "10M" };
    const text = JSON.stringify({ kind: "Namespace", metadata: { name: "prod", annotations } });
    const printed = await said(
      ...podOf({ "pod-qos/egress-bandwidth": "50M" }),
      "--namespace-file",
      namespaceFile("prod.json", text),
    );
    const fence = fencesOf(document).find((each) => each.text.includes("$ pod-qos explain"));
    const [, quoted = ""] = fence?.text.split(/^\$ pod-qos explain.*\n/m) ?? [];
    expect(quoted).toContain("(cut)");
    expect(printed).toContain(quoted.replaceAll(/\s+/g, " ").trim());
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

  it("from OVN: of the objects it tells of", async () => {
    const document = "docs/tutorial-from-ovn.md";
    const block = { ipBlock: { cidr: "203.0.113.0/24" } };
    const narrow = { to: [block], ports: [{ protocol: "TCP", port: 443 }] };
    const egress = [
      { dscp: 32, classifier: { to: [block] } },
      { dscp: 34, bandwidth: { rate: 20_000 }, classifier: narrow },
    ];
    const everyPod = networkQos({ namespace: "prod", egress });
    const rest = egressQos([{ dscp: 10 }], { namespace: "prod" });
    const asked = ["--to", "203.0.113.9", "--proto", "tcp", "--port", "443"];
    const pod = podFile("video-0.json", { name: "video-0", namespace: "prod", labels: { app: "video" } });
    const text = await ofObjects("ovn.yaml", [everyPod, rest], ["--pod", pod, ...asked]);
    const [first = "", ...others] = shown(document);
    for (const part of [first, ...others.slice(0, -1)]) expect(text).toContain(part);
    const exchanged = networkQos({ namespace: "prod", egress: egress.toReversed() });
    expect(await ofObjects("ovn.yaml", [exchanged, rest], ["--pod", pod, ...asked])).toContain(
      "rule 0 decides: mark 34, limit to 20 Mbit/s (police)",
    );
  });
});

/** What a document quotes as an error: each ">" block as one line, without who says it to whom. */
const quotes = (document: string): readonly string[] =>
  [...textOf(document).matchAll(/^( *)> .*(?:\n\1> .*)*/gm)].map(([block]) =>
    block
      .replaceAll(/^ *> /gm, "")
      .replaceAll("\n", " ")
      .replace(/^(?:plugin type="pod-qos" failed \(add\): )?pod \S+ \S+: /, ""),
  );

const ofObjects = async (
  file: string,
  objects: readonly string[],
  args: readonly string[],
): Promise<string> => {
  const policyDir = mkdtempSync(join(folder, "objects-"));
  writeFileSync(join(policyDir, file), objects.join("\n---\n"));
  const conf = confFile({ name: "podnet", policyDir, stateDir: join(folder, "state"), capabilities });
  const [text] = await answer("--conf", conf, ...args);
  return text;
};

const capabilities = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };

const said = async (...args: readonly string[]): Promise<string> =>
  (await answer(...args))[0].replaceAll(/\s+/g, " ");
const podOf = (annotations: object): readonly string[] => [
  "--pod",
  podFile("quoted.json", { name: "web-1", namespace: "prod", annotations }),
];

describe("what a document quotes as an error is what is said", () => {
  const wide = {
    ...uplink,
    classes: { default: { rate: "200M" }, "bulk-seed": { rate: "50M" } },
    rate: "200M",
  };

  it.each([
    [
      "docs/tutorial-k3s-flannel.md",
      "50m",
      () => said(...podOf({ "kubernetes.io/egress-bandwidth": "50m" })),
    ],
    [
      "docs/tutorial-egressqos-flannel.md",
      "dscp: 64",
      () => ofObjects("egressqos.yaml", [egressQos([{ dscp: 64 }], { namespace: "prod" })], podOf({})),
    ],
    [
      "docs/tutorial-egressqos-flannel.md",
      "EgressQos default",
      () => ofObjects("egressqos.yaml", [egressQos([]).replace("EgressQoS", "EgressQos")], podOf({})),
    ],
    [
      "docs/tutorial-bulk-seed.md",
      'no class "bulkseed"',
      () => said("--conf", confFile({ uplink }), ...podOf({ "pod-qos/class": "bulkseed" })),
    ],
    [
      "docs/tutorial-bulk-seed.md",
      "guaranteed rates",
      () => said("--conf", confFile({ uplink: wide }), ...podOf({})),
    ],
  ] as const)("%s: %s", async (document, words, ask) => {
    const [quote, ...others] = quotes(document).filter((text) => text.includes(words));
    expect(others).toEqual([]);
    const text = (await ask()).replaceAll(/\s+/g, " ");
    // A quote may leave out the middle, and where the directory is.
    const parts = (quote ?? "no such quote")
      .split("…")
      .map((part) => part.replace(/^.*\/etc\/cni\/pod-qos\//, ""));
    for (const part of parts) expect(text).toContain(part.trim());
  });
});
