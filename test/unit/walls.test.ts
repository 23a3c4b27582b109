/** Which folder knows which, held by lint: each wall is tried with every kind of import, or a pattern could hold nothing. */
import { execaSync } from "execa";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const house = mkdtempSync(join(tmpdir(), "pod-qos-walls-"));
afterAll(() => rmSync(house, { recursive: true }));

const held: readonly (readonly [folder: string, target: string])[] = [
  ...["cni", "policy", "datapath", "program", "knowledge"].flatMap((pure) =>
    [
      "node:fs",
      "fs",
      "../kernel/exec.ts",
      "../state/store.ts",
      "../attachment/plan.ts",
      "../report/report.ts",
    ]
      .concat("../verbs/add.ts", "../cli/show.ts")
      .map((target) => [pure, target] as const),
  ),
  ["policy/uplink", "../../kernel/linux.ts"],
  ...["cni", "policy", "datapath", "program", "kernel"].map(
    (folder) => [folder, "../knowledge/pod.ts"] as const,
  ),
  ["knowledge", "../program/program.ts"],
  ...[
    "../state/file.ts",
    "../attachment/plan.ts",
    "../report/names.ts",
    "../verbs/add.ts",
    "../cli/show.ts",
  ].map((target) => ["kernel", target] as const),
  ...["../attachment/plan.ts", "../report/names.ts", "../verbs/add.ts", "../cli/show.ts"].map(
    (target) => ["state", target] as const,
  ),
  ...["../report/names.ts", "../verbs/add.ts", "../cli/show.ts"].map(
    (target) => ["attachment", target] as const,
  ),
  ["report", "../verbs/add.ts"],
  ["report", "../cli/show.ts"],
  ["verbs", "../cli/show.ts"],
  ["verbs", "../report/report.ts"],
  ["cli", "../verbs/add.ts"],
  ["cli/show", "../../verbs/add.ts"],
  ["", "./kernel/exec.ts"],
  ["", "./attachment/decide.ts"],
  ...["kernel", "state", "kube", "attachment", "report", "verbs", "cli", ""].map(
    (folder) => [folder, "node:child_process"] as const,
  ),
  ...["kernel", "state", "attachment", "report", "verbs", "cli", ""].flatMap((folder) =>
    ["node:https", "http", "node:net", "node:tls", "node:http2", "node:dgram"].map(
      (target) => [folder, target] as const,
    ),
  ),
  ...["policy", "kernel", "state", "attachment", "report", "verbs", "cli"].map(
    (folder) => [folder, "../kube/connect.ts"] as const,
  ),
  ["", "./kube/connect.ts"],
  ...["policy", "knowledge", "kernel", "state", "kube", "attachment", "report", "verbs"].map(
    (folder) => [folder, "../runtime/status.ts"] as const,
  ),
  ["", "./runtime/status.ts"],
  ...[
    "../kube/connect.ts",
    "../state/file.ts",
    "../kernel/exec.ts",
    "../cli/show.ts",
    "node:child_process",
  ].map((target) => ["runtime", target] as const),
  ...["policy", "knowledge", "kernel", "state", "kube", "attachment", "report", "verbs", "cli"].map(
    (folder) => [folder, "../agent/agent.ts"] as const,
  ),
  ...["policy", "knowledge", "kernel", "state", "kube", "attachment", "report", "verbs", "cli", "agent"]
    .concat("install", "pages")
    .map((folder) => [folder, "../controller/sum.ts"] as const),
  ["agent/api", "../../controller/sum.ts"],
  ...["../agent/agent.ts", "../verbs/add.ts", "../cli/show.ts", "../install/install.ts"]
    .concat("../kernel/exec.ts", "../state/store.ts", "../attachment/decide.ts", "../runtime/ask.ts")
    .concat("node:fs", "node:https", "node:child_process")
    .map((target) => ["controller", target] as const),
  ...["policy", "kernel", "state", "kube", "attachment", "report", "verbs", "cli", "install"].map(
    (folder) => [folder, "../pages/listen.ts"] as const,
  ),
  ["", "./pages/listen.ts"],
  ...["../agent/loop.ts", "../kube/connect.ts", "../state/store.ts", "../verbs/add.ts", "node:https"].map(
    (target) => ["pages", target] as const,
  ),
  ...["../verbs/add.ts", "../cli/show.ts", "node:child_process", "node:https", "http"].map(
    (target) => ["agent", target] as const,
  ),
  ...["../loop.ts", "../view/view.ts", "../node/records.ts", "../../verbs/add.ts", "node:https"].map(
    (target) => ["agent/api", target] as const,
  ),
  ...["../loop.ts", "../node/records.ts", "../../cli/show.ts", "node:child_process"].map(
    (target) => ["agent/view", target] as const,
  ),
  ...["../loop.ts", "../api/following.ts", "../view/view.ts", "../../verbs/add.ts"].map(
    (target) => ["agent/node", target] as const,
  ),
  ...["../cni/call.ts", "../state/store.ts", "../cli/show.ts", "../agent/agent.ts", "node:fs"].map(
    (target) => ["command-line", target] as const,
  ),
  ...[
    "cni",
    "policy",
    "knowledge",
    "kernel",
    "state",
    "kube",
    "attachment",
    "report",
    "verbs",
    "cli",
    "agent",
  ].map((folder) => [folder, "../install/install.ts"] as const),
  ...["../kube/connect.ts", "../verbs/add.ts", "../cli/show.ts", "../agent/agent.ts"]
    .concat("node:child_process", "node:net")
    .map((target) => ["install", target] as const),
  ...["node:fs", "node:crypto", "../node/look.ts", "../../kernel/exec.ts", "../../state/store.ts"]
    .concat("../../runtime/paths.ts")
    .concat("../../policy/policy.ts", "../../report/report.ts", "../../cli/show.ts")
    .map((target) => ["install/chain", target] as const),
  ...["policy/label/labels.ts", "datapath/plan.ts", "program/tools.ts", "kernel/exec.ts", "state/store.ts"]
    .concat("attachment/decide.ts", "report/report.ts", "verbs/add.ts", "cli/show.ts")
    .map((file) => ["kube", `../${file}`] as const),
];
const open: typeof held = [
  ["runtime", "node:http2"],
  ["runtime", "../cni/fields.ts"],
  ["cli/doctor", "../../runtime/status.ts"],
  ["install/node", "../../runtime/ask.ts"],
  ["policy", "../cni/conf.ts"],
  ["knowledge", "../policy/manifests/select.ts"],
  ["state/live", "../../knowledge/pod.ts"],
  ["kernel", "../program/program.ts"],
  ["kernel", "node:fs"],
  ["kube", "node:https"],
  ["agent", "../kube/connect.ts"],
  ["agent", "../pages/listen.ts"],
  ["controller", "../pages/listen.ts"],
  ["controller", "../kube/follow.ts"],
  ["controller", "../knowledge/compile.ts"],
  ["controller", "../report/report.ts"],
  ["controller", "../command-line/command.ts"],
  ["pages", "node:http"],
  ["", "./controller/controller.ts"],
  ["agent", "../attachment/reapply.ts"],
  ["agent", "../knowledge/pod.ts"],
  ["agent", "./view/view.ts"],
  ["agent/api", "../options.ts"],
  ["agent/api", "../../kube/connect.ts"],
  ["agent/view", "../api/kept.ts"],
  ["agent/node", "../../state/store.ts"],
  ["agent", "../state/live/agent.ts"],
  ["agent", "../report/report.ts"],
  ["", "./agent/agent.ts"],
  ["", "./install/install.ts"],
  ["install", "../command-line/command.ts"],
  ["install", "../attachment/undo.ts"],
  ["install", "../report/status-checks.ts"],
  ["install/chain", "../../cni/conf.ts"],
  ["install/node", "../../kernel/process.ts"],
  ["kube", "../cni/fields.ts"],
  ["attachment", "../state/store.ts"],
  ["report", "../attachment/live.ts"],
  ["verbs", "../attachment/decide.ts"],
  ["verbs", "../report/status-checks.ts"],
  ["cli", "../report/report.ts"],
  ["", "./verbs/verbs.ts"],
  ["", "./command-line/serve.ts"],
  ["command-line", "node:util"],
  ["agent", "../command-line/command.ts"],
];

const kinds: Readonly<Record<string, (target: string) => string>> = {
  static: (target) => `import * as x from "${target}";\nexport const y = x;\n`,
  type: (target) => `import type * as x from "${target}";\nexport type Y = typeof x;\n`,
  dynamic: (target) => `export const y = async () => import("${target}");\n`,
  "re-export": (target) => `export * from "${target}";\n`,
};

let refused: ReadonlySet<string>;
beforeAll(() => {
  copyFileSync(join(root, ".oxlintrc.json"), join(house, ".oxlintrc.json"));
  for (const [folder, target] of [...held, ...open]) {
    mkdirSync(join(house, "plugin", folder), { recursive: true });
    for (const [kind, text] of Object.entries(kinds))
      writeFileSync(join(house, fileOf(folder, target, kind)), text(target));
  }
  const { stdout } = execaSync(join(root, "node_modules/.bin/oxlint"), ["--format=unix"], {
    cwd: house,
    reject: false,
  });
  const lines = stdout.split("\n").filter((line) => line.includes("no-restricted-imports"));
  refused = new Set(lines.map((line) => line.replace(/^.*?(plugin\/[^:]+):.*$/, "$1")));
});

const fileOf = (folder: string, target: string, kind: string): string =>
  join("plugin", folder, `${kind}-${target.replaceAll(/[^a-z]+/g, "-")}.ts`);

const kindsRefused = (folder: string, target: string): readonly string[] =>
  Object.keys(kinds).filter((kind) => refused.has(fileOf(folder, target, kind)));

describe("plugin/", () => {
  it.each(held)("%s/ cannot import %s", (folder, target) => {
    expect(kindsRefused(folder, target)).toEqual(Object.keys(kinds));
  });

  it.each(open)("%s/ may import %s", (folder, target) => {
    expect(kindsRefused(folder, target)).toEqual([]);
  });
});
